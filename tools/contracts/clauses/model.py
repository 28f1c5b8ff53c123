"""Finds the clauses of a contract: exact spans of its text, each with a calibrated confidence.

The model is linear and small: units of the text are scored against every category at once, and
short spans near the front for names and dates. It needs numpy alone, runs in time linear in the
text, and gives the same findings for the same text and artefact. The weights were trained on CUAD
v1 by The Atticus Project, Inc., licensed CC BY 4.0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from interlock.tools.contracts.clauses.answers import Answers
from interlock.tools.contracts.clauses.features import rows
from interlock.tools.contracts.clauses.findings import assembled
from interlock.tools.contracts.clauses.heads import picks
from interlock.tools.contracts.clauses.segmentation import units
from interlock.tools.contracts.clauses.weights import SHIPPED, Linear, read


@dataclass(frozen=True, kw_only=True, slots=True)
class ClauseModel:
    """A loaded clause extractor; immutable, so one instance may serve every thread."""

    version: str  # short digest of the artefact
    scorers: Mapping[str, Linear]

    @classmethod
    def load(cls, folder: Path | None = None) -> Self:
        """Read an artefact, the shipped one by default.

        Raises `ArtefactError` unless the artefact's files are the recorded ones.
        """
        artefact = read(folder or SHIPPED)
        return cls(version=artefact.digest[:12], scorers=artefact.scorers)

    @property
    def categories(self) -> tuple[str, ...]:
        """Every category the model can find."""
        return self.scorers["clause"].labels

    @property
    def unsupported(self) -> tuple[str, ...]:
        """The categories that the model learnt too little of to look for."""
        return ()

    def find(self, text: str) -> Answers:
        """Return what the model shows a reader, by place: at most a few findings a category."""
        pieces = units(text)
        if not pieces:
            return Answers(
                findings=(),
                more={},
                unread=0,
            )
        clause = self.scorers["clause"]
        confidences = clause.confidences(rows(text, pieces))
        picked = picks(text, self.scorers)
        return assembled(text, pieces, confidences, clause, picked)
