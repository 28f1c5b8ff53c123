"""Extracting: typed parts of a text that nobody reads, each with where it stands.

The parts stay unread: they are passed on by the handle of the result. They are as untrusted as the
text, but each is a date, a number, an account or the like, and stands in the text. A model may fill
the form in place of the rules: what it says is held to the same, and words of its own are refused.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from pydantic import Field, model_validator

from interlock.runtime.canonical import Json
from interlock.runtime.door.plan.plan import Part
from interlock.runtime.door.tool import AnyTool, ToolFailed, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.tools.unread.asking import PLACE, asking
from interlock.tools.unread.parts import Found, stands, the_only

MOST_FIELDS: Final = 32
MOST_CHOICES: Final = 62
#: Why nothing is extracted: a field has no part, or several; or what was filled in is none
CODES: Final = ("part_missing", "form_unfilled", "text_expected")


class Wanted(Value):
    """What a field may hold: a part of the text of one kind, or one of some choices.

    The kind "text" declares free text: words of the text as they stand, where a form was filled in.
    """

    kind: Part | None = None
    choices: list[str] = Field(default_factory=list, max_length=MOST_CHOICES)

    @model_validator(mode="after")
    def _is_one(self) -> "Wanted":
        if (self.kind is None) == (not self.choices):
            raise ValueError("a field wants a kind or choices, only one")
        return self


class Form(Value):
    """A text, the fields that are wanted, and what was filled in, if anything was.

    *filled* is an object, or JSON text of one, also as the message of a model.
    """

    text: Json
    fields: Annotated[dict[str, Wanted], Field(min_length=1, max_length=MOST_FIELDS)]
    filled: Json = None


class Filled(Value):
    """The parts by field."""

    fields: dict[str, Found]


@tool(
    "unread.extract",
    action="pure",
    resource=lambda _: PLACE,
    codes=CODES,
)
async def _extract(
    permit: Permit,
    form: Form,
) -> Filled:
    """Take typed parts out of a text: each field the only part of its kind, or as filled in."""
    if not isinstance(form.text, str):
        raise ToolFailed(code="text_expected")
    filled = None if form.filled is None else _object(form.filled)
    fields = {
        name: _part(form.text, wanted, filled, name)
        for name, wanted in form.fields.items()
    }
    return Filled(fields=fields)


def _part(
    text: str,
    wanted: Wanted,
    filled: Mapping[str, Any] | None,
    name: str,
) -> Found:
    """Return what a field holds; raises `ToolFailed` for what is no such part of the text."""
    if filled is not None and name not in filled:
        raise ToolFailed(code="form_unfilled")
    value = None if filled is None else filled[name]
    if wanted.kind is None:
        found = _chosen(text, wanted.choices, value, is_filled=filled is not None)
    elif filled is None:
        found = the_only(text, wanted.kind)
    else:
        found = stands(text, wanted.kind, value)
    if found is None:
        raise ToolFailed(code="part_missing")
    return found


def _chosen(
    text: str,
    choices: list[str],
    value: Any,
    *,
    is_filled: bool,
) -> Found | None:
    """Return the choice that was filled in, or the only one that stands in the text."""
    if is_filled:
        return (
            Found(
                value=value,
                start=-1,
                end=-1,
            )
            if value in choices
            else None
        )
    said = [found for choice in choices if (found := stands(text, "text", choice))]
    return said[0] if len(said) == 1 else None


def _object(filled: Json) -> Mapping[str, Any]:
    """Return the form that was filled in; raises `ToolFailed` for what is none."""
    for value in _unwrapped(filled):
        if isinstance(value, Mapping) and "content" not in value:
            return value
    raise ToolFailed(code="form_unfilled")


def _unwrapped(value: Any) -> Iterator[Any]:
    """Yield the value, and what it is the JSON text or the message of."""
    for _ in range(3):
        yield value
        if isinstance(value, Mapping):
            value = value.get("content")
        try:
            value = json.loads(value)
        except (TypeError, ValueError, RecursionError):
            return
    yield value


#: The tool that takes typed parts out of what stands unread
extracting: Final[AnyTool] = _extract
#: All tools over what stands unread
unread_tools: Final[tuple[AnyTool, ...]] = (*asking, extracting)
