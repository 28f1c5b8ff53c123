"""A whole plan as data: the form that a language model fills in before anything is read."""

import json
from collections.abc import Sequence
from typing import Any, Final

from interlock.agents.planning.step import Offer, Step, chosen, read_one

#: Steps of one draft
MOST: Final = 8


def form(offers: Sequence[Offer]) -> dict[str, Any]:
    """Return the JSON schema of a draft: a list of steps, each of which names one of the offers."""
    steps = {
        "type": "array",
        "items": {"anyOf": [chosen(offer) for offer in offers]},
        "minItems": 1,
        "maxItems": MOST,
    }
    return {
        "type": "object",
        "properties": {"steps": steps},
        "required": ["steps"],
        "additionalProperties": False,
    }


def read(text: str) -> list[Step]:
    """Return the steps that a model wrote.

    Raises ValueError for a text that is no draft: one unreadable step spoils the whole (fails
    closed).
    """
    try:
        written: Any = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    match written:
        case {"steps": list(steps), **rest} if not rest and 0 < len(steps) <= MOST:
            return [read_one(one) for one in steps]
    raise ValueError("it is no list of steps")
