"""Finds the clauses of a contract on a CPU, with exact spans and calibrated confidences.

Trained on CUAD v1 by The Atticus Project, Inc., licensed CC BY 4.0.
"""

from interlock.tools.contracts.clauses.findings import Finding
from interlock.tools.contracts.clauses.model import ClauseModel
from interlock.tools.contracts.clauses.weights import ArtefactError

__all__ = ["ArtefactError", "ClauseModel", "Finding"]
