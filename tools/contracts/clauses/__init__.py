"""Finds the clauses of a contract on a CPU, with exact spans and calibrated confidences.

Trained on CUAD v1 by The Atticus Project, Inc., licensed CC BY 4.0.
"""

from interlock.tools.contracts.clauses.answers import (
    Answer,
    Answers,
    Finding,
    Polarity,
)
from interlock.tools.contracts.clauses.provenance import ArtefactError

__all__ = [
    "Answer",
    "Answers",
    "ArtefactError",
    "Finding",
    "Polarity",
]
