"""What is compared between the two arms of a rollout: what one run of an arm came to."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from interlock.runtime.run.assignment import Arm

#: What of a run is compared; each is a share from 0 (good) to 1 (bad)
Measure: TypeAlias = Literal[
    "error", "latency", "schema", "denial", "quality", "degraded", "spend"
]
#: How many of a hundred runs the canary gets, step by step; with all of them it is promoted
STEPS: Final = (1, 5, 25, 50, 100)


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """What one run of an arm came to."""

    arm: Arm
    #: 1 where the run failed or was held
    error: float = 0
    #: The time that it worked, as a share of the longest that counts
    latency: float = 0
    #: 1 where an answer of a model did not fit its schema
    schema: float = 0
    #: 1 where something that it proposed was denied
    denial: float = 0
    #: What people said no to, or what its agent says is missing, whichever is more
    quality: float = 0
    #: 1 where a call to a model failed, so that another model stood in, or none
    degraded: float = 0
    #: What it spent, as a share of what it might
    spend: float = 0

    @property
    def measures(self) -> dict[Measure, float]:
        """Each share by its name."""
        return {
            "error": self.error,
            "latency": self.latency,
            "schema": self.schema,
            "denial": self.denial,
            "quality": self.quality,
            "degraded": self.degraded,
            "spend": self.spend,
        }
