"""Says what a unit means for a category: whether it states it, denies it, or states it in part."""

from interlock.tools.contracts.clauses.answers import Polarity
from interlock.tools.contracts.clauses.rules.condition import excepts, is_conditional
from interlock.tools.contracts.clauses.rules.denial import denies


def polarity(category: str, text: str) -> Polarity:
    """Return the polarity of one sentence for a category that a model put the sentence into."""
    if denies(category, text):
        return "conditional" if excepts(category, text) else "denied"
    if is_conditional(category, text):
        return "conditional"
    return "stated"
