"""Finds the clauses of a contract: exact spans of its text, each with a calibrated confidence.

The model is linear and small: units of the text are scored against every category at once, and
short spans near the front for names and dates. It needs numpy alone, runs in time linear in the
text, and gives the same findings for the same text and artefact. The weights were trained on CUAD
v1 by The Atticus Project, Inc., licensed CC BY 4.0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from interlock.tools.contracts.clauses.answers import Answers
from interlock.tools.contracts.clauses.features import rows
from interlock.tools.contracts.clauses.findings import assembled
from interlock.tools.contracts.clauses.heads import picks
from interlock.tools.contracts.clauses.provenance import SHIPPED
from interlock.tools.contracts.clauses.ranking import compared, rivals
from interlock.tools.contracts.clauses.segmentation import Unit, units
from interlock.tools.contracts.clauses.trees import Trees
from interlock.tools.contracts.clauses.weights import Floats, Linear, read

#: Five times the longest contract known; what follows is not read, and its length is told
MOST_READ: Final = 2_000_000  # code points
MOST_UNITS: Final = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class ClauseModel:
    """A loaded clause extractor; immutable, so one instance may serve every thread."""

    version: str  # short digest of the artefact
    scorers: Mapping[str, Linear]
    trees: Trees | None
    #: The categories that the model learnt too little of to look for
    unsupported: tuple[str, ...]

    @classmethod
    def load(cls, folder: Path | None = None) -> Self:
        """Read an artefact, the shipped one by default.

        Raises `ArtefactError` unless the artefact's files are the recorded ones.
        """
        artefact = read(folder or SHIPPED)
        return cls(
            version=artefact.provenance.version,
            scorers=artefact.scorers,
            trees=artefact.trees,
            unsupported=artefact.provenance.unsupported,
        )

    @property
    def categories(self) -> tuple[str, ...]:
        """Every category the model can find."""
        return self.scorers["clause"].labels

    def find(self, text: str) -> Answers:
        """Return what the model shows a reader, by place: at most a few findings a category."""
        read = text[:MOST_READ]
        pieces = units(read, MOST_UNITS)
        if not pieces:
            return Answers(
                findings=(),
                more={},
                unread=len(text) - len(read),
            )
        clause = self.scorers["clause"]
        margins = clause.margins(rows(text, pieces))
        picked = picks(text, self.scorers)
        return assembled(
            text,
            pieces,
            self.compared(text, pieces, margins),
            clause,
            picked,
            unsupported=self.unsupported,
            unread=_unread(text, read, pieces),
        )

    def compared(
        self,
        text: str,
        pieces: Sequence[Unit],
        margins: Floats,
    ) -> Floats:
        """Return the confidence of each unit for each category, its rivals in the text considered.

        *margins* are those of the clause scorer for the units of the text.
        """
        confidences = self.scorers["clause"].calibrated(margins)
        if self.trees is not None:
            best = rivals(text, pieces, margins, confidences)
            worthy = compared(best)
            better = self.trees.probabilities(worthy.facts)
            confidences[worthy.unit, worthy.label] = better
        return confidences


def _unread(text: str, read: str, pieces: Sequence[Unit]) -> int:
    """Return how many code points stand behind the last one that was read."""
    if len(pieces) < MOST_UNITS:
        return len(text) - len(read)
    return len(text.rstrip()) - pieces[-1].end
