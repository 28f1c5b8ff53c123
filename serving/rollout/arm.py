"""Arms: which of two releases a run of a rollout belongs to, and what became of its runs."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal, TypeAlias

Arm: TypeAlias = Literal["control", "canary"]
#: What of a run is compared; each is a share from 0 (good) to 1 (bad)
Measure: TypeAlias = Literal["error", "latency", "schema", "denial", "quality"]
#: How many of a hundred runs the canary gets, step by step; with all of them it is promoted
STEPS: Final = (1, 5, 25, 50, 100)
_PLACES: Final = 10_000
_WHOLE: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """What one run of an arm came to."""

    arm: Arm
    #: 1 where the run failed or was held
    error: float
    #: The time that it took, as a share of the longest that counts
    latency: float
    #: 1 where an answer of a model did not fit its schema
    schema: float
    #: 1 where something that it proposed was denied
    denial: float
    #: What a grader found wrong with what it came to
    quality: float

    @property
    def measures(self) -> dict[Measure, float]:
        """Each share by its name."""
        return {
            "error": self.error,
            "latency": self.latency,
            "schema": self.schema,
            "denial": self.denial,
            "quality": self.quality,
        }


def assigned(*, tenant: str, run_id: str, percent: int) -> Arm:
    """Return the arm of a run at a step; what is the canary's stays the canary's at later steps."""
    named = sha256(f"{tenant}\n{run_id}".encode()).digest()
    place = int.from_bytes(named[:8]) % _PLACES
    return "canary" if place < percent * _PLACES // _WHOLE else "control"
