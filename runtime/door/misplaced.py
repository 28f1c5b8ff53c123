"""Misplaced: which arguments of an effect take what the words name for another effect."""

from typing import Final

from interlock.runtime.door.labels import Proofs
from interlock.runtime.door.proposal import Proposal
from interlock.runtime.policy.asked import Taken
from interlock.runtime.policy.boundary import folded

#: Kinds of effect among which a value may be misplaced
_FEWEST: Final = 2


def misplaced(
    proofs: Proofs,
    proposal: Proposal,
) -> dict[str, tuple[str, ...]]:
    """Return each such argument, with the kinds of effect for which the words name another thing.

    A text that is only shown to a reader takes nothing. An object that is taken by its number goes
    by the names that tools have shown of it. What the words do not name is not misplaced: what
    proves it is the business of its label.
    """
    if proposal.tool is None or not proposal.tool.has_effect:
        return {}
    asked = proofs.asked()
    if len(asked.kinds) < _FEWEST:
        return {}
    taken: dict[str, Taken] = {}
    for name, value in proposal.action.arguments.items():
        use = proofs.use(name, name)
        if use is None or use.is_text:
            continue
        taken[name] = Taken(
            is_destination=use.is_destination,
            values=[
                frozenset(map(folded, names)) for names in proofs.names(name, value)
            ],
        )
    return asked.misplaced(taken)
