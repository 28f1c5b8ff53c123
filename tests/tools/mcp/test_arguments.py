"""The arguments of a server's tool, held to the schema that the server lists."""

from typing import Any, Final

import pytest
from pydantic import ValidationError

from interlock.tools.mcp.arguments import arguments_of

#: One schema with every word that is held to
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "$defs": {
        "Place": {
            "type": "object",
            "properties": {"street": {"type": "string"}},
            "required": ["street"],
            "additionalProperties": False,
        },
        "Tree": {"type": "array", "items": {"$ref": "#/$defs/Tree"}},
    },
    "properties": {
        "text": {"type": "string", "minLength": 1, "maxLength": 3},
        "count": {"type": "integer", "minimum": 0, "maximum": 9},
        "share": {"type": "number"},
        "kind": {"enum": ["a", 1]},
        "fixed": {"const": True},
        "maybe": {"type": ["string", "null"]},
        "list": {"type": "array", "items": {"type": "boolean"}, "maxItems": 2},
        "some": {"type": "array", "minItems": 1},
        "place": {"$ref": "#/$defs/Place"},
        "tree": {"$ref": "#/$defs/Tree"},
        "any": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "one": {"oneOf": [{"type": "integer"}, {"minimum": 5}]},
        "all": {"allOf": [{"type": "integer"}, {"minimum": 5}]},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "open": True,
        "shut": False,
        "elsewhere": {"$ref": "https://evil.test/schema"},
        "copy": {},
        "_private": {},
        "model_config": {},
    },
}
FITTING: Final[list[dict[str, Any]]] = [
    {"text": "abc", "count": 9, "share": 2, "kind": 1, "fixed": True, "maybe": None},
    {"list": [True, False], "some": [{}], "place": {"street": "x"}},
    {"tree": [[], [[]]], "any": None, "one": 3, "all": 5, "labels": {"a": "b"}},
    {"open": {"a": [1]}, "copy": "x", "_private": 1, "model_config": {}},
    {},
]


@pytest.mark.parametrize("arguments", FITTING)
def test_what_fits_is_handed_on_as_it_came(arguments: dict[str, Any]) -> None:
    """Nothing is added, dropped or changed, whatever an argument is called."""
    value = arguments_of(SCHEMA, description="x").model_validate(arguments)

    assert value.model_dump(mode="json") == arguments


@pytest.mark.parametrize(
    "arguments",
    [
        {"text": ""},
        {"text": "abcd"},
        {"text": 7},
        {"count": -1},
        {"count": 10},
        {"count": True},
        {"share": "2"},
        {"kind": True},
        {"kind": "b"},
        {"fixed": 1},
        {"maybe": 1},
        {"list": [1]},
        {"list": [True, True, True]},
        {"some": []},
        {"place": {}},
        {"place": {"street": "x", "more": 1}},
        {"tree": [[], 1]},
        {"any": "x"},
        {"one": 6},
        {"all": 4},
        {"labels": {"a": 1}},
        {"shut": 1},
        {"elsewhere": 1},
        {"unlisted": 1},
        ["text"],
        "text",
    ],
)
def test_what_does_not_fit_is_refused(arguments: Any) -> None:
    """Each word of the schema is held to, and what no word lists is refused."""
    with pytest.raises(ValidationError):
        arguments_of(SCHEMA, description="x").model_validate(arguments)


def test_a_required_argument_is_required() -> None:
    """Without it nothing fits."""
    kind = arguments_of(SCHEMA | {"required": ["text"]}, description="x")

    with pytest.raises(ValidationError):
        kind.model_validate({"count": 1})


@pytest.mark.parametrize(
    "definitions",
    [
        {"0": {"$ref": "#/$defs/0"}},
        {
            str(number): {"anyOf": [{"$ref": f"#/$defs/{number + 1}"}] * 2}
            for number in range(25)
        }
        | {"25": False},
        {str(number): {"$ref": f"#/$defs/{number + 1}"} for number in range(100)},
    ],
)
def test_a_schema_without_an_end_fits_nothing(definitions: dict[str, Any]) -> None:
    """A schema that refers to itself, or that grows beyond all bounds, costs a bounded time."""
    schema = {
        "type": "object",
        "$defs": definitions,
        "properties": {"text": {"$ref": "#/$defs/0"}},
    }
    with pytest.raises(ValidationError):
        arguments_of(schema, description="x").model_validate({"text": "a"})


def test_the_schema_shows_the_words_that_a_planner_reads() -> None:
    """The description of the tool is a part of the schema, and so of what is reviewed."""
    schema = arguments_of({"type": "object"}, description="Add.").model_json_schema()

    assert schema == {"type": "object", "description": "Add."}
