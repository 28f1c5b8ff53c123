"""Guards of a rollout: what takes a release back at once, whatever the shares say.

They are told of each run of the candidate. What strikes the runs of both arms is not the release's,
and fires none of them but the first.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from interlock.runtime.run.rollout_result import Result

Guard: TypeAlias = Literal[
    "contradicted_effect",  # an effect did not leave what its tool said
    "guard_failed",  # the policy's engine was there and could not decide
    "error_burst",  # one run after the other failed
]
#: So many failed runs of the candidate in a row are a burst
BURST: Final = 6
#: So many of the control's newest runs say whether the trouble is everybody's
LATELY: Final = 20
#: How many of those may have failed all the same
_USUAL: Final = 1
_FINE: Final = "."
_FAILED: Final = "f"
_STOPPED: Final = "s"
_ENDED_WELL: Final = frozenset({"done"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Lately:
    """How the newest runs of each arm ended, a letter a run, the newest last."""

    control: str = ""
    canary: str = ""

    def after(self, result: Result) -> "Lately":
        """Return the same after one more run."""
        letter = _FINE if result.status in _ENDED_WELL else _FAILED
        if result.is_stopped:
            letter = _STOPPED
        if result.arm == "control":
            return replace(self, control=(self.control + letter)[-LATELY:])
        return replace(self, canary=(self.canary + letter)[-BURST:])

    def fired(self, result: Result) -> Guard | None:
        """Return the guard that fires after *result*, which is the newest run here, or None."""
        if result.arm == "canary" and result.is_contradicted:
            return "contradicted_effect"
        is_stopped = result.arm == "canary" and result.is_stopped
        if is_stopped and _STOPPED not in self.control:
            return "guard_failed"
        failed = len(self.control) - self.control.count(_FINE)
        is_burst = len(self.canary) == BURST and _FINE not in self.canary
        if is_burst and self.control and failed <= _USUAL:
            return "error_burst"
        return None


def is_error(result: Result) -> bool:
    """Whether the run failed, is dead or was held."""
    return result.status not in _ENDED_WELL
