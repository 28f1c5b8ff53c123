"""The analyst: it answers a question over contracts, by a plan that the policy saw first."""

from interlock.agents.analyst.workflow import Analyst

__all__ = ["Analyst"]
