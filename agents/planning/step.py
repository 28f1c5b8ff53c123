"""One step of a plan as data: the form that a language model fills in, and what is made of it.

Servers of models differ in what they make of tool calls; a JSON schema they all hold to. So the
model is asked for one object, which names a tool and its arguments, or says that nothing is left.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

#: Chosen when nothing is left to do
FINISH: Final = "finish"


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """A tool as the model is shown it, which need not see each of the tool's arguments."""

    name: str
    about: str
    #: Argument -> its JSON schema; the model fills in every one
    arguments: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What a model chose."""

    tool: str
    arguments: Mapping[str, Any]

    @property
    def is_last(self) -> bool:
        """Whether the model says that nothing is left to do."""
        return self.tool == FINISH


_LAST: Final = Offer(
    name=FINISH,
    about="Nothing is left to do",
    arguments={},
)


def form(offers: Sequence[Offer], *, ends: bool = True) -> dict[str, Any]:
    """Return the JSON schema of one step: it names an offer, or the end if the plan *ends*."""
    last = (_LAST,) if ends else ()
    return {"anyOf": [chosen(offer) for offer in (*offers, *last)]}


def listed(offers: Sequence[Offer], *, ends: bool = True) -> str:
    """Return the *offers* in words, a line each, and the end if the plan *ends*."""
    last = (_LAST,) if ends else ()
    return "\n".join(
        f"- {offer.name}({', '.join(offer.arguments)}): {offer.about}"
        for offer in (*offers, *last)
    )


def read(text: str) -> Step:
    """Return the step that a model wrote.

    Raises ValueError for a text that is no step: a form that is half filled in is none (fails
    closed).
    """
    try:
        written: Any = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    return read_one(written)


def read_one(written: Any) -> Step:
    """Return a step from its JSON values; raises ValueError as `read` does."""
    match written:
        case {"tool": str(tool), "arguments": dict(arguments), **rest} if not rest:
            return Step(tool=tool, arguments=arguments)
    raise ValueError("it names no tool with arguments")


def chosen(offer: Offer) -> dict[str, Any]:
    """Return the JSON schema of a step that names the *offer*."""
    arguments = _object(offer.arguments)
    return _object({"tool": {"const": offer.name}, "arguments": arguments})


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
