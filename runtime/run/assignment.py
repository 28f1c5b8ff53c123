"""Assignment: which of the two releases of a rollout a new run is given.

The run and the rollout decide, nothing else: the same run is the candidate's at every later step,
and keeps what it was given for life.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal, TypeAlias

from interlock.runtime.run.pin import Pins
from interlock.runtime.run.rollout import Rollout

Arm: TypeAlias = Literal["control", "canary"]
_PLACES: Final = 10_000
_WHOLE: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What a new run is given."""

    #: What the run is pinned to, its release with it
    pins: Pins
    #: The rollout and its step; empty where nothing is compared
    rollout: str = ""
    #: The run that is given it; empty for any
    run_id: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """What a `NewRun` has by it."""
        return {
            "id": self.run_id,
            "revision": self.pins.revision,
            "pins": self.pins.others,
            "release": self.pins.release,
            "rollout": self.rollout,
        }


def assigned(*, tenant: str, run_id: str, percent: int) -> Arm:
    """Return the arm of a run at a step; what is the canary's stays the canary's at later steps."""
    named = sha256(f"{tenant}\n{run_id}".encode()).digest()
    place = int.from_bytes(named[:8]) % _PLACES
    return "canary" if place < percent * _PLACES // _WHOLE else "control"


def place(
    rollout: Rollout,
    *,
    in_force: str,
    agent: str,
    tenant: str,
    run_id: str,
) -> Place | None:
    """Return what a new run is given; None where the rollout says nothing about it.

    Once the rollout is over, its releases are still known: so a process that has the parts of one
    begins runs of the other, for the workers that have its parts.
    """
    if in_force not in {rollout.candidate, rollout.control}:
        return None
    release = in_force
    if in_force == rollout.control and rollout.percent < _WHOLE:
        arm = assigned(tenant=tenant, run_id=run_id, percent=rollout.percent)
        release = rollout.candidate if arm == "canary" else rollout.control
    pins = rollout.pins.get(release, {}).get(agent)
    if pins is None:
        return None
    return Place(
        pins=pins,
        rollout=rollout.tag if rollout.status == "live" else "",
        run_id=run_id,
    )
