"""Scoring a contract's risk against the playbook of one side."""

from interlock.tools.contracts.risk.playbook import Playbook, Position, load
from interlock.tools.contracts.risk.playbooks import Playbooks
from interlock.tools.contracts.risk.score import Contribution, Question, Risk, score

__all__ = [
    "Contribution",
    "Playbook",
    "Playbooks",
    "Position",
    "Question",
    "Risk",
    "load",
    "score",
]
