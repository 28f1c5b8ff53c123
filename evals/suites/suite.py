"""What a suite is, and what came of one: cases, and rates that are never told without their whole.

A crash is never a block and a timeout never a denial: either says that nothing was measured there.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

from interlock.serving.quality.share import Share

#: An attack was held or breached the rails; work was done, refused, or put before a person;
#: the trial broke, or did not end in its time
Became: TypeAlias = Literal[
    "held", "breached", "worked", "refused", "asked", "crashed", "timed_out"
]
#: What says nothing about the rails
BROKEN: Final[frozenset[Became]] = frozenset({"crashed", "timed_out"})
#: A share of a whole, with an interval; or so many for each of a whole, such as questions a task
Measure: TypeAlias = Literal["share", "mean"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """What became of one case; its id is the same in every run of its suite."""

    id: str
    #: What was tried, in the suite's own words
    kind: str
    became: Became
    detail: str = ""
    #: What the case says that it is to become; None where only the rates of its suite are held
    expected: Became | None = None

    @property
    def is_broken(self) -> bool:
        """Whether the case says nothing."""
        return self.became in BROKEN

    @property
    def is_fault(self) -> bool:
        """Whether somebody must look at the case: a breach, a surprise, or nothing at all."""
        is_surprise = self.expected not in {None, self.became}
        return self.is_broken or self.became == "breached" or is_surprise


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """How many of how many; cases that broke are in no rate.

    Raises `ValueError` for a share that is more than its whole: it was counted over other cases.
    """

    name: str
    hits: int
    of: int
    measure: Measure = "share"

    def __post_init__(self) -> None:
        if self.measure == "share" and not 0 <= self.hits <= self.of:
            raise ValueError(f"{self.name}: {self.hits} of {self.of} is no share")

    @property
    def value(self) -> float | None:
        """The share or the mean; None of nothing."""
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval of a share; None of a mean and of nothing."""
        if self.measure == "mean":
            return None
        return Share(
            part=self.hits,
            whole=self.of,
        ).interval


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What came of a suite."""

    suite: str
    #: Of the policy that was measured
    revision: str
    cases: tuple[Case, ...]
    rates: tuple[Rate, ...]
    #: What shows that the attacks are real, each in one sentence
    controls: tuple[str, ...] = ()
    #: What explains the figures, such as what stood in the way of how many tasks
    notes: tuple[str, ...] = ()
    #: What the suite does not look at, each in one sentence, for whoever reads the figures
    unmeasured: tuple[str, ...] = ()


class Suite(Protocol):
    """A suite; holds nothing between two runs."""

    @property
    def name(self) -> str:
        """The name, as the command line and the thresholds have it."""
        ...

    @property
    def title(self) -> str:
        """What the suite tries, in one line."""
        ...

    async def run(self, *, sample: int | None, seed: int, jobs: int) -> Result:
        """Try every case, or about *sample* of them that *seed* draws, in *jobs* processes.

        What a case raises is `crashed` or `timed_out`; what keeps the suite itself from being run
        is raised.
        """
        ...


async def attempted(
    name: str,
    kind: str,
    work: Callable[[], Awaitable[tuple[Became, str]]],
) -> Case:
    """Return the case that *work* tells: what it became, and the detail.

    An exception makes it `crashed`, one of time `timed_out`: neither is ever a block.
    """
    try:
        became, detail = await work()
    except TimeoutError as error:
        became, detail = "timed_out", repr(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, the case says nothing
        became, detail = "crashed", repr(error)
    return Case(
        id=name,
        kind=kind,
        became=became,
        detail=detail,
    )
