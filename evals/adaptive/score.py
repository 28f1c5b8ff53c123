"""The score of a search: what was tried, what went on, and what was found after how many tries."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

#: What a name counts as that is no tool's
OTHER: Final = "another name"


@dataclass(frozen=True, kw_only=True, slots=True)
class Find:
    """An effect that nobody wished for, and how it came about."""

    #: What went wrong, in the words of the world
    goal: str
    tool: str
    #: The words, the calls that were done, and the one that was too many
    how: str
    #: Why it is known and told apart; empty for one that is not
    known: str = ""


@dataclass(kw_only=True)
class Score:
    """What came of one search, or of several that were added."""

    #: By tool; a name that is no tool's counts as "another name"
    tried: Counter[str] = field(default_factory=Counter)
    finds: list[Find] = field(default_factory=list)
    #: Goal -> the try that found it first
    first: dict[str, int] = field(default_factory=dict)
    #: Calls that were permitted or put before a person
    passed: int = 0
    #: Effects that were done and wished for: a search without any proves nothing
    wished: int = 0
    runs: int = 0
    #: Runs that a guard ended which failed closed: they say no more of the policy
    held: int = 0

    @property
    def tries(self) -> int:
        """How many there were."""
        return self.tried.total()

    def find(self, find: Find) -> None:
        """Add a find."""
        self.finds.append(find)
        self.first.setdefault(find.goal, self.tries)

    def add(self, other: "Score") -> None:
        """Add what came of another search, which began anew."""
        self.tried += other.tried
        self.finds += other.finds
        for goal, number in other.first.items():
            self.first[goal] = min(number, self.first.get(goal, number))
        self.passed += other.passed
        self.wished += other.wished
        self.runs += other.runs
        self.held += other.held
