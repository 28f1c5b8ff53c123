"""What came of a batch, and whether what was promised of it held."""

from dataclasses import dataclass, field
from typing import Final

#: What the last quarter may have more than the first
_GROWTH: Final = 1.2


@dataclass(kw_only=True)
class Report:
    """What came of a batch."""

    contracts: int
    database: str = ""
    kills: int = 0
    #: Kills that were asked for and came too late
    missed: int = 0
    kills_of_submission: int = 0
    #: How often the used-up budget of the job was raised, and how many raises were killed
    raises: int = 0
    kills_of_raises: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    #: Why contracts that are not done are not
    reasons: list[str] = field(default_factory=list)
    #: Contracts that do not have exactly one record, and those without exactly one report
    records_wrong: int = 0
    reports_wrong: int = 0
    spent: dict[str, int] = field(default_factory=dict)
    spent_by_items: dict[str, int] = field(default_factory=dict)
    #: First and last quarter, in MiB
    submission_mib: tuple[float, float] | None = None
    worker_mib: tuple[float, float] | None = None
    problems: list[str] = field(default_factory=list)
    seconds: float = 0

    @property
    def held(self) -> bool:
        """Whether each contract was reviewed once, and nothing was lost or grew."""
        return (
            self.statuses == {"done": self.contracts}
            and not (self.records_wrong or self.reports_wrong or self.missed)
            and self.spent == self.spent_by_items
            and not self.problems
            and all(map(_is_flat, (self.submission_mib, self.worker_mib)))
        )


def _is_flat(quarters: tuple[float, float] | None) -> bool:
    return quarters is None or quarters[1] <= quarters[0] * _GROWTH
