"""What the processes wrote while they spent: what each asked for, and what it was told."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(kw_only=True)
class Journals:
    """The journals of all processes together."""

    #: Refusals by level
    refused: Counter[str] = field(default_factory=Counter)
    answered: int = 0
    unanswered: int = 0
    #: What each run has spent as the processes were told, and what else they had asked for
    _spent: Counter[str] = field(default_factory=Counter)
    _open: Counter[str] = field(default_factory=Counter)

    def add(self, journal: Path) -> None:
        """Add one journal; a last line that is not whole yet is none."""
        lines = journal.read_text("utf-8").split("\n")
        for line in lines[:-1]:
            self._add(*json.loads(line))

    def against(self, spent: Mapping[str, int]) -> tuple[int, int]:
        """Return what is not spent though a process was told so, and what nobody asked for."""
        lost = unasked = 0
        for run in self._open:
            lost += max(
                0,
                self._spent[run] - spent[run],
            )
            unasked += max(
                0,
                spent[run] - self._spent[run] - self._open[run],
            )
        return lost, unasked

    def _add(self, what: str, where: str, asked: int, spent: int) -> None:
        match what:
            case "refused":
                self.refused[where] += 1
            case "begun":
                self.unanswered += 1
                self._open[where] += asked
            case _:
                self.unanswered -= 1
                self.answered += 1
                self._open[where] -= asked
                self._spent[where] += spent


def read(folder: Path) -> Journals:
    """Return the journals that lie in *folder*."""
    journals = Journals()
    for journal in folder.glob("journal-*"):
        journals.add(journal)
    return journals
