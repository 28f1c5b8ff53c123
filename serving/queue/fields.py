"""The arguments of an edit, one field each: as a form offers them, and as it brings them back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

from interlock.runtime.canonical import Json
from interlock.runtime.errors import BadInput
from interlock.serving import edited
from interlock.tools.page import visible

#: A text as it is, a list of texts with one in a line, and JSON for all else
Kind = Literal["text", "lines", "json"]
_MISSENT: Final = BadInput(
    what="the form",
    why="an argument is not there, there twice, or of no kind that a form has",
    next_step="Open the page again.",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One argument as a person writes it."""

    name: str
    kind: Kind
    text: str

    @property
    def rows(self) -> int:
        """How many lines of it the form shows at once."""
        least = 1 if self.kind == "text" else 2
        return min(max(self.text.count("\n") + 1, len(self.text) // 70, least), 12)


def offered(
    arguments: Mapping[str, Json], schema: Mapping[str, Any]
) -> tuple[Field, ...]:
    """Return a field for each argument, which reads back as the same value.

    *schema* is the JSON Schema of the tool. What a plain field would change or hide stands as JSON.
    """
    known: Mapping[str, Mapping[str, Any]] = schema.get("properties", {})
    return tuple(
        _field(name, _kind(value, known.get(name, {})), value)
        for name, value in sorted(arguments.items())
    )


def brought(arguments: Sequence[str], values: Sequence[str]) -> tuple[Field, ...]:
    """Return the fields of a form, which sends kind and name of each, and its text, in order.

    Raises `BadInput` for a form that no page of ours has sent.
    """
    kinds = [kind for kind, _, _ in (one.partition(" ") for one in arguments)]
    names = [name for _, _, name in (one.partition(" ") for one in arguments)]
    is_ours = set(kinds) <= set(get_args(Kind)) and len(set(names)) == len(names)
    if not is_ours or len(values) != len(names):
        raise _MISSENT
    texts = [text.replace("\r\n", "\n") for text in values]
    return tuple(
        Field(
            name=name,
            kind=cast(Kind, kind),
            text=text,
        )
        for name, kind, text in zip(names, kinds, texts, strict=True)
    )


def read(fields: Sequence[Field]) -> dict[str, Json]:
    """Return the arguments that the fields say; raises `BadInput` for what is no JSON."""
    return {field.name: _value(field) for field in fields}


def kept(fields: Sequence[Field]) -> tuple[Field, ...]:
    """Return the fields as a page shows them again: what nobody sees stands as an escape."""
    return tuple(map(_kept, fields))


def _kept(field: Field) -> Field:
    if visible(field.text) == field.text:
        return field
    if field.kind == "json":
        text = edited.escaped(field.text)
        return Field(
            name=field.name,
            kind="json",
            text=text,
        )
    return _field(field.name, "json", _value(field))


def _value(field: Field) -> Json:
    match field.kind:
        case "text":
            return field.text
        case "lines":
            lines = map(str.strip, field.text.split("\n"))
            return [line for line in lines if line]
        case "json":
            return edited.value(field.text, what=field.name)


def _field(name: str, kind: Kind, value: Any) -> Field:
    match kind:
        case "text":
            text = value
        case "lines":
            text = "\n".join(value)
        case "json":
            text = edited.written(value)
    return Field(
        name=name,
        kind=kind,
        text=text,
    )


def _kind(value: Json, schema: Mapping[str, Any]) -> Kind:
    kind = schema.get("type")
    if kind == "string" and isinstance(value, str) and visible(value) == value:
        return "text"
    is_list = kind == "array" and schema.get("items", {}).get("type") == "string"
    if is_list and isinstance(value, list) and all(map(_is_line, value)):
        return "lines"
    return "json"


def _is_line(value: Json) -> bool:
    """Whether it is a text that stands in a line of its own, and comes back from there."""
    if not isinstance(value, str) or value.strip() != value or "\n" in value:
        return False
    return value != "" and visible(value) == value
