"""Samples: the emptiest value that fits a JSON schema, to begin with or to stand for any."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

_EMPTY: Final[Mapping[str, Any]] = {
    "string": "",
    "integer": 0,
    "number": 0,
    "boolean": False,
    "array": [],
    "null": None,
}


def sample(model: type[BaseModel], *, text: str = "") -> dict[str, Any]:
    """Return the fields that *model* needs, each the emptiest that its type takes.

    *text* stands where any text may. A bound that the type sets besides is not looked at: what
    does not fit is refused where it is used.
    """
    schema = model.model_json_schema()
    return _fields(schema, schema.get("$defs", {}), text)


def _fields(
    schema: Mapping[str, Any],
    named: Mapping[str, Any],
    text: str,
) -> dict[str, Any]:
    needed = schema.get("required", ())
    return {
        name: _sample(part, named, text)
        for name, part in schema.get("properties", {}).items()
        if name in needed
    }


def _sample(schema: Mapping[str, Any], named: Mapping[str, Any], text: str) -> Any:
    if "$ref" in schema:
        return _sample(named[schema["$ref"].rpartition("/")[2]], named, text)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _sample(schema["anyOf"][0], named, text)
    kind = schema.get("type", "null")
    if kind == "object":
        return _fields(schema, named, text)
    return text if kind == "string" else _EMPTY[kind]
