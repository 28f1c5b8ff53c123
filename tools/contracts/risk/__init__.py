"""Scoring a contract's risk against a playbook."""

from interlock.tools.contracts.risk.playbook import Playbook, Position, load
from interlock.tools.contracts.risk.score import Contribution, Risk, score

__all__ = ["Contribution", "Playbook", "Position", "Risk", "load", "score"]
