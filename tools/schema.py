"""Whether a value fits a JSON Schema that a stranger may have written; the check has an end.

What `pattern`, `format` and rarer words ask for is not looked at: they are strangers' programs.
"""

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

#: Whether a value keeps to what a word of a schema states
_Plain: TypeAlias = Callable[[Any, Any], bool]

MOST_STEPS: Final = 10_000
DEEPEST: Final = 64
_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
    "array": list,
    "object": dict,
}


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether *value* fits *schema*; raises ValueError for a schema that has no end."""
    return _Check(schema).fits(value, schema)


def misfit(value: Any, schema: Mapping[str, Any]) -> str:
    """Return the first place where *value* breaks *schema* and the word that is broken there.

    Empty where the value fits. A schema that takes too many steps, or is none, fits nothing (fails
    closed).
    """
    try:
        return _Check(schema).misfit(value, schema, place="")
    except ValueError as error:
        return str(error)
    except (TypeError, AttributeError, LookupError):
        return "the schema is none"


class _Check:
    """One check of one value; it ends after `MOST_STEPS`, whatever the schema says."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._steps = 0

    def fits(
        self,
        value: Any,
        schema: Any,
        depth: int = 0,
    ) -> bool:
        """Whether *value* fits *schema*; raises ValueError for a schema that has no end."""
        self._steps += 1
        if self._steps > MOST_STEPS or depth > DEEPEST:
            raise ValueError("the schema is too intricate")
        if not isinstance(schema, dict):
            return schema is True
        tested = self._tested(
            value,
            schema,
            depth + 1,
        )
        return all(is_kept for _, is_kept in tested)

    def misfit(
        self,
        value: Any,
        schema: Any,
        *,
        place: str,
    ) -> str:
        """Return the first place at or below *place* where *value* breaks *schema*, or nothing."""
        if self.fits(value, schema):
            return ""
        for name, item, part in _inner(value, schema):
            broken = self.misfit(item, part, place=f"{place}/{name}")
            if broken:
                return broken
        tested = self._tested(
            value,
            schema,
            1,
        )
        words = [word for word, is_kept in tested if not is_kept]
        return f"{place or '/'} breaks {', '.join(words)}"

    def _tested(
        self,
        value: Any,
        schema: Mapping[str, Any],
        depth: int,
    ) -> Iterator[tuple[str, bool]]:
        """Yield each word of *schema* that is looked at, and whether *value* keeps to it."""
        for word, test in _PLAIN.items():
            if word in schema:
                yield word, test(value, schema[word])
        for word, follow in _DEEP.items():
            if word in schema:
                yield (
                    word,
                    follow(
                        self,
                        value,
                        schema,
                        depth,
                    ),
                )

    def named(
        self,
        value: Any,
        schema: Mapping[str, Any],
        depth: int,
    ) -> bool:
        """Follow a reference to a definition of the same schema; there are no others."""
        _, _, name = str(schema["$ref"]).rpartition("/")
        for place in ("$defs", "definitions"):
            definitions = self._root.get(place, {})
            if schema["$ref"] == f"#/{place}/{name}" and name in definitions:
                return self.fits(
                    value,
                    definitions[name],
                    depth,
                )
        return False

    def items(
        self,
        value: Any,
        schema: Mapping[str, Any],
        depth: int,
    ) -> bool:
        """Check every item of a list."""
        if not isinstance(value, list):
            return True
        part = schema["items"]
        return all(
            self.fits(
                item,
                part,
                depth,
            )
            for item in value
        )

    def properties(
        self,
        value: Any,
        schema: Mapping[str, Any],
        depth: int,
    ) -> bool:
        """Check every property that the schema lists."""
        if not isinstance(value, dict):
            return True
        listed = schema["properties"]
        present = [name for name in listed if name in value]
        return all(
            self.fits(
                value[name],
                listed[name],
                depth,
            )
            for name in present
        )

    def others(
        self,
        value: Any,
        schema: Mapping[str, Any],
        depth: int,
    ) -> bool:
        """Check every property that the schema does not list."""
        if not isinstance(value, dict):
            return True
        part = schema["additionalProperties"]
        others = value.keys() - schema.get("properties", {}).keys()
        return all(
            self.fits(
                value[name],
                part,
                depth,
            )
            for name in others
        )

    def any_of(
        self,
        value: Any,
        schema: Mapping[str, Any],
        depth: int,
    ) -> bool:
        """Check that one choice fits."""
        return any(
            self.fits(
                value,
                choice,
                depth,
            )
            for choice in schema["anyOf"]
        )

    def one_of(
        self,
        value: Any,
        schema: Mapping[str, Any],
        depth: int,
    ) -> bool:
        """Check that exactly one choice fits."""
        choices = schema["oneOf"]
        return (
            sum(
                self.fits(
                    value,
                    choice,
                    depth,
                )
                for choice in choices
            )
            == 1
        )

    def all_of(
        self,
        value: Any,
        schema: Mapping[str, Any],
        depth: int,
    ) -> bool:
        """Check that every part fits."""
        return all(
            self.fits(
                value,
                part,
                depth,
            )
            for part in schema["allOf"]
        )


def _inner(value: Any, schema: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield every named part of *value*: its name, the part, and the schema for the part."""
    if isinstance(value, dict) and isinstance(schema, dict):
        listed = schema.get("properties", {})
        for name in listed:
            if name in value:
                yield name, value[name], listed[name]


def _is_typed(value: Any, names: Any) -> bool:
    listed = names if isinstance(names, list) else [names]
    if isinstance(value, bool):
        return "boolean" in listed
    return any(isinstance(value, _TYPES.get(name, ())) for name in listed)


def _is_among(value: Any, choices: Any) -> bool:
    return any(_is_same(value, choice) for choice in choices)


def _is_same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and bool(value == other)


def _is_whole(value: Any, required: Any) -> bool:
    if not isinstance(value, dict):
        return True
    return value.keys() >= set(required)


def _is_long_enough(value: Any, least: Any) -> bool:
    return bool(len(value) >= least)


def _is_short_enough(value: Any, most: Any) -> bool:
    return bool(len(value) <= most)


def _of(kind: type | tuple[type, ...], within: _Plain) -> _Plain:
    """Return the test of a bound on values of *kind*; other values are not bound by it."""

    def test(value: Any, bound: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, kind):
            return True
        return within(value, bound)

    return test


_NUMBER: Final = (int, float)
#: Words that look at the value alone
_PLAIN: Final[Mapping[str, _Plain]] = {
    "type": _is_typed,
    "enum": _is_among,
    "const": _is_same,
    "required": _is_whole,
    "minLength": _of(str, _is_long_enough),
    "maxLength": _of(str, _is_short_enough),
    "minItems": _of(list, _is_long_enough),
    "maxItems": _of(list, _is_short_enough),
    "minimum": _of(_NUMBER, operator.ge),
    "maximum": _of(_NUMBER, operator.le),
}
#: Words that lead to other schemas
_DEEP: Final[Mapping[str, Callable[[_Check, Any, Mapping[str, Any], int], bool]]] = {
    "$ref": _Check.named,
    "items": _Check.items,
    "properties": _Check.properties,
    "additionalProperties": _Check.others,
    "anyOf": _Check.any_of,
    "oneOf": _Check.one_of,
    "allOf": _Check.all_of,
}
