"""Why an agent could not finish, as its outcome says so."""

from interlock.runtime.door.outcome import Failed
from interlock.runtime.graph.answer import Resultless, say


def stopped(step: str, outcome: Resultless) -> dict[str, str]:
    """Return which step was not done, and why."""
    if isinstance(outcome, Failed):
        return because(step, code=outcome.code, why=outcome.detail)
    return {
        "step": step,
        "kind": type(outcome).__name__.lower(),
        "code": "",
        "why": say(outcome),
    }


def because(step: str, *, code: str, why: str) -> dict[str, str]:
    """Return that a step failed, with a code of the agent's own."""
    return {
        "step": step,
        "kind": "failed",
        "code": code,
        "why": why,
    }
