"""How the guards around the engine are taken away: what fails is skipped, or taken for a yes."""

from typing import Any, Final

from interlock.evals.guarantees.patch import Break, both, replacing
from interlock.runtime.door.calls import Calls
from interlock.runtime.door.deciding import Deciding
from interlock.runtime.policy.decision import Decision, Reason
from interlock.runtime.policy.engine import answer, server
from interlock.runtime.policy.engine.embedded import LARGE, EmbeddedPoint
from interlock.runtime.policy.request import AccessRequest
from interlock.runtime.run.attempt import Attempt

_DECIDE: Final = Deciding.decide
_END: Final = Calls.__aexit__
_EVALUATE: Final = EmbeddedPoint.decide


def granted(revision: str) -> Decision:
    """Return a permit that nobody decided on."""
    return Decision(
        effect="permit",
        reasons=(
            Reason(
                code="granted",
                rule="probe",
            ),
        ),
        obligations=(),
        revision=revision,
        engine="probe",
    )


def _skip(_: str, *, revision: str, **__: Any) -> Decision:
    return granted(revision)


async def _swallow(self: Deciding, attempt: Attempt) -> Decision:
    """Go on where the guard breaks."""
    try:
        return await _DECIDE(self, attempt)
    except RuntimeError:
        return granted(attempt.run.revision)


async def _look_at_short(self: EmbeddedPoint, request: AccessRequest) -> Decision:
    """Let what is too long to be looked at go on."""
    if len(request.action.written.text) > LARGE:
        return granted(self.revision)
    return await _EVALUATE(self, request)


async def _forget(self: Calls, *raised: Any) -> None:
    """End a call, and know of no failure afterwards."""
    await _END(self, *raised)
    self.failure = None


#: An engine that fails has nothing against it
SKIPPED: Final[Break] = both(
    replacing(server, "trouble", _skip), replacing(answer, "trouble", _skip)
)
SWALLOWED: Final = replacing(Deciding, "decide", _swallow)
SHORT_ONLY: Final = replacing(EmbeddedPoint, "decide", _look_at_short)
#: A claim goes on after what ends it
FORGETFUL: Final = replacing(Calls, "__aexit__", _forget)
