"""The event of rollouts: what a person or the controller decided about one, with its figures."""

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from interlock.runtime.record.events.event import Object, Of

#: What was decided. "held" leaves all as it is: its entry says on which figures. "overtaken" ends
#: the rollout where a person has put another release in force, and leaves that one in force
Turned: TypeAlias = Literal[
    "started",
    "held",
    "advanced",
    "promoted",
    "rolled_back",
    "paused",
    "resumed",
    "stopped",
    "overtaken",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class RolloutTurned(Of):
    """One decision about a rollout; the newest entry says how the rollout stands."""

    event: ClassVar[str] = "rollout_turned"
    rollout: str
    #: The release that is rolled out, and the one that it is compared with
    candidate: str
    control: str
    how: Turned
    #: How many of a hundred new runs the candidate gets from now on
    percent: int
    #: How the rollout stands from now on, by whom, and the figures
    standing: Object

    def body(self) -> Object:
        """Return the public part."""
        return {
            "rollout": self.rollout,
            "candidate": self.candidate,
            "control": self.control,
            "how": self.how,
            "percent": self.percent,
        }

    def payload(self) -> Object:
        """Return all of it once more, sealed: nobody without the home's key can state it."""
        return {"standing": self.standing, **self.body()}
