"""The decision, its reasons and obligations, and the permit that proves it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

from interlock.runtime.canonical import Json
from interlock.runtime.errors import NotAPermit
from interlock.runtime.policy.bounds import ORDINARY, Bounds
from interlock.runtime.policy.request import AccessRequest, Resource

Effect: TypeAlias = Literal["permit", "deny"]

#: The rule named in a deny that stands for the engine's own failure, and in one by the runtime; no
#: policy may use either
ENGINE: Final = "pdp"
RUNTIME: Final = "runtime"

_RUNTIME: Final[dict[str, str]] = {
    "not_callable": "The policy permits a call that no tool can carry out.",
    "killed": "A kill switch was engaged in the meantime.",
    "budget_exceeded": "The cost does not fit into what the {level} has left of {kind}.",
    "shadow": "The run is a shadow: nothing that it proposes touches anything outside.",
    "shadow_strayed": "The run is a shadow, and the run that it copies read no such thing.",
    "no_time": "The time it may take does not fit into what the {level} has left of time.",
    "counts_moved": "Another effect of the run began in the meantime.",
    "already_started": "An earlier claim started it.",
    "approval_gone": "The approval was withdrawn or used in the meantime.",
    "too_many_questions": "As many questions wait for people as may wait at a time.",
    "approval_expired": "Nobody decided before the approval expired.",
    "approval_required": "Somebody with the role {role} must approve it first.",
}


#: The codes of a budget in which something lacks, and the levels above a run
SHORT: Final = frozenset({"budget_exceeded", "no_time"})
ABOVE: Final = frozenset({"job", "tenant"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why: a stable code with its parameters, and the rule that gave it."""

    code: str
    rule: str
    parameters: Mapping[str, Json] = field(default_factory=dict)
    #: Rendered from the rule's own metadata; for people, never for programs
    message: str = ""


def by_runtime(code: str, **parameters: Json) -> Reason:
    """Return the reason of a refusal by the runtime itself, after the policy permitted."""
    return Reason(
        code=code,
        rule=RUNTIME,
        parameters=parameters,
        message=_RUNTIME[code].format(**parameters),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Obligation:
    """What must be done before the act; where nobody can, a deny (XACML 3.0 section 7.2.2)."""

    kind: str
    parameters: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """One answer of the policy under one revision."""

    effect: Effect
    reasons: tuple[Reason, ...]
    obligations: tuple[Obligation, ...]
    revision: str
    engine: str

    def denied(self, reason: Reason) -> "Decision":
        """Return this decision turned into a deny by the runtime, for *reason* alone."""
        return replace(self, effect="deny", reasons=(reason,), obligations=())

    @property
    def unanswered(self) -> bool:
        """True when the engine failed: the deny holds for this claim, the next one asks again."""
        return any(reason.rule == ENGINE for reason in self.reasons)

    @property
    def lacks_budget_above(self) -> bool:
        """True when a used-up budget of the run's job or tenant is all that forbids it.

        No agent can plan around that: the run waits until somebody raises the budget. A reason that
        does not say which limit of which level is used up is a refusal like any other.
        """
        return bool(self.reasons) and all(map(_is_short_above, self.reasons))


def _is_short_above(reason: Reason) -> bool:
    return (
        reason.code in SHORT
        and reason.parameters.get("level") in ABOVE
        and isinstance(reason.parameters.get("kind"), str)
    )


#: What stands before the policy was asked: undefined is a deny
UNDECIDED: Final = Decision(
    effect="deny", reasons=(), obligations=(), revision="", engine="runtime"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Denied:
    """The only kind of "no", whatever the cause: a rule, a budget, a person, an engine."""

    request: AccessRequest
    decision: Decision
    action_id: str
    #: The arguments that a person would agree to, who rejected the action; None for none
    proposed: Mapping[str, Json] | None = None

    @property
    def codes(self) -> tuple[str, ...]:
        """The reason codes, in the policy's order."""
        return tuple(reason.code for reason in self.decision.reasons)


#: Of a permit that names no resource
_NO_RESOURCE: Final = Resource(type="unknown", id="", clearance="public")


class _Mint:
    """The enforcement point's private key; its identity is the proof."""


MINT: Final = _Mint()


class Permit:
    """Proof that one decision permitted one call; a tool cannot be called without it.

    Only the enforcement point mints permits: constructing one by hand raises `TypeError`. It serves
    once, for the tool it names; `digest` says which request it was given for, `bounds` how much of
    an answer may be taken. It guards against
    mistakes, not against hostile Python in our own process (docs/threat-model.md). `claim` is the
    token of the claim that acts.
    `tenant` is that of the run, `resource` the thing that the policy judged, and `time_ms` how long
    the call may take.
    `key` is stable across retries and restarts: hand it to the outside system as the idempotency
    key.
    """

    __slots__ = (
        "_spent",
        "action_id",
        "bounds",
        "claim",
        "digest",
        "key",
        "resource",
        "run_id",
        "tenant",
        "time_ms",
        "tool",
    )

    def __init__(
        self,
        mint: _Mint,
        *,
        tool: str,
        digest: str,
        action_id: str,
        run_id: str,
        claim: str,
        tenant: str,
        bounds: Bounds = ORDINARY,
        resource: Resource = _NO_RESOURCE,
        time_ms: int = 60_000,
    ) -> None:
        if mint is not MINT:
            raise TypeError("a Permit is minted by EnforcementPoint.enforce only")
        self.tool = tool
        self.digest = digest
        self.action_id = action_id
        self.run_id = run_id
        self.key = action_id
        self.claim = claim
        self.bounds = bounds
        self.tenant = tenant
        self.resource = resource
        self.time_ms = time_ms
        self._spent = False

    def spend(self, tool: str) -> None:
        """Use the permit for *tool*; raises `NotAPermit` for another tool or a second use."""
        if tool != self.tool:
            raise NotAPermit(tool=tool, why=f"it was minted for {self.tool!r}")
        if self._spent:
            raise NotAPermit(tool=tool, why="it was already used")
        self._spent = True
