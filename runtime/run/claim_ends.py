"""Ends of claims: how each claim of a run ended, and what held the run, as its entries say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from interlock.runtime.record.events import RunEnded, RunHeld

_HELD: Final = "held"
#: What may hold a run because of its release: a tool that is away, and the run's own budget
_OF_RELEASE: Final = frozenset({"away", "budget"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimEnd:
    """How one claim of a run ended."""

    #: The number of its entry
    seq: int
    status: str
    #: What held the run meanwhile
    causes: frozenset[str] = frozenset()
    #: What every run depends on was away
    is_outage: bool = False

    @property
    def is_outside(self) -> bool:
        """Whether the run is held by what no release can help.

        That is the database or the engine, where they are away, and the budget of the run's job or
        tenant. A run that spent its own budget, or whose tool was away, is not held so: which tools
        and models a run needs is its release's.
        """
        if self.status != _HELD:
            return False
        if self.is_outage and not self.causes & _OF_RELEASE:
            return True
        return self.causes == {"budget_above"}

    @property
    def is_stopped(self) -> bool:
        """Whether the policy's engine was there and could not decide about something."""
        return "engine" in self.causes and not self.is_outage


def claim_ends(entries: Iterable[tuple[int, Mapping[str, Any]]]) -> list[ClaimEnd]:
    """Return the ends of the claims of one run, of its entries with their numbers in order."""
    ends: list[ClaimEnd] = []
    causes: set[str] = set()
    for seq, body in entries:
        if body["event"] == RunHeld.event:
            causes.add(body["because"])
        if body["event"] == RunEnded.event:
            end = ClaimEnd(
                seq=seq,
                status=body["status"],
                causes=frozenset(causes),
                is_outage=body["outage"],
            )
            ends.append(end)
            causes = set()
    return ends
