"""Why a model gave no answer: whether it may have worked for it, and when to ask again."""

from typing import Final, Literal, TypeAlias, get_args

from interlock.runtime.door.tool import ToolFailed
from interlock.runtime.errors import Unavailable
from interlock.runtime.policy.decision import Permit
from interlock.tools.outbound.errors import Unfit

#: Seconds after which an answer comes too late, unless the settings say more or less
ANSWER_S: Final = 50

Why: TypeAlias = (
    Literal[
        "away",  # nobody is there, or a proxy says so
        "overloaded",  # too many requests; nothing was worked
        "resting",  # it failed too often of late, so nobody asked
        "refused",  # the request is not to its liking
        "broken",  # an error of the server's own; what drains says so, too
        "malformed",  # no completion
        "unfit",  # a completion that breaks the schema it was to keep
    ]
    | Unfit
)
#: How a generation fails for want of an answer
CODES: Final = frozenset(
    f"model_{why}"
    for why in (
        "away",
        "overloaded",
        "resting",
        "refused",
        "broken",
        "malformed",
        "unfit",
        *get_args(Unfit),
    )
)
#: Nobody worked: the request did not arrive, or was turned away at the door
_UNWORKED: Final[frozenset[Why]] = frozenset(
    {"overloaded", "resting", "refused", "redirected"}
)
_OUTAGE: Final[frozenset[Why]] = frozenset(
    {"away", "overloaded", "resting", "late", "cut_off"}
)
#: The codes of those: when the run is carried on, the same endpoint may be asked again
OUTAGES: Final = frozenset(f"model_{why}" for why in _OUTAGE)


class NoAnswer(Exception):
    """One endpoint gave no answer that can be used; *detail* holds none of the server's words."""

    def __init__(
        self,
        *,
        why: Why,
        detail: str,
        has_left: bool = True,
        retry_after_s: float | None = None,
    ) -> None:
        self.why = why
        self.detail = detail
        self.has_left = has_left
        self.retry_after_s = retry_after_s
        super().__init__(f"{why}: {detail}")

    @property
    def code(self) -> str:
        """The code of the tool's failure."""
        return f"model_{self.why}"

    @property
    def is_spent(self) -> bool:
        """Whether somebody may have worked, so that what was set aside counts as used."""
        return self.has_left and self.why not in _UNWORKED

    @property
    def is_outage(self) -> bool:
        """Whether the same endpoint may well answer later."""
        return self.why in _OUTAGE

    @property
    def is_clean(self) -> bool:
        """Whether the same question may be asked again at once: no byte of an answer came."""
        return self.why in {"away", "overloaded"} and not self.is_spent


def ended(error: NoAnswer, *, what: str, permit: Permit) -> ToolFailed | Unavailable:
    """Return what a call ends with that nothing stands in for; *what* was asked in vain."""
    if error.is_outage:
        return Unavailable(
            what=what,
            why=error.detail,
            run_id=permit.run_id,
            spent_as=error.code if error.is_spent else "",
        )
    return ToolFailed(
        code=error.code,
        detail=f"{what}: {error.detail}",
        is_spent=error.is_spent,
    )
