"""What differs between two policies: their data place by place, their rules line by line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any, Final, TypeAlias

from interlock.runtime.canonical import Json
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.serving.policy.layers import Place, named

#: The values at one place: the items of a list, one value, or none where the place is not set
Values: TypeAlias = tuple[Json, ...]
_REGO: Final = ".rego"


@dataclass(frozen=True, kw_only=True, slots=True)
class DataChange:
    """One place of the data, such as `grants.analyst`, with what went and what came there.

    A list of which only the order changed went and came as a whole.
    """

    place: str
    removed: Values
    added: Values


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleChange:
    """One file of Rego, with the lines of a unified diff."""

    path: str
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """Everything that differs between two policies; *before* and *after* are their revisions."""

    before: str
    after: str
    data: tuple[DataChange, ...]
    rules: tuple[RuleChange, ...]
    #: What is evaluated has other bytes; without a changed rule, nothing else explains that
    is_module_changed: bool


def difference(before: Bundle, after: Bundle) -> Difference:
    """Return what differs from *before* to *after*, in the order of places and paths."""
    return Difference(
        before=before.revision,
        after=after.revision,
        data=tuple(_data(_config(before), _config(after))),
        rules=tuple(_rules(before.files, after.files)),
        is_module_changed=before.wasm != after.wasm,
    )


def _config(bundle: Bundle) -> dict[Place, Values]:
    return dict(_places(bundle.data["rails"].get("config", {})))


def _places(value: Any, place: Place = ()) -> Iterator[tuple[Place, Values]]:
    """Yield every place that holds no further places, with its values; an empty list is one."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _places(inner, (*place, key))
    else:
        is_list = isinstance(value, list) and value
        yield place, tuple(value) if is_list else (value,)


def _data(
    before: Mapping[Place, Values], after: Mapping[Place, Values]
) -> Iterator[DataChange]:
    for place in sorted(before.keys() | after.keys()):
        old = before.get(place, ())
        new = after.get(place, ())
        if old == new:
            continue
        removed = tuple(item for item in old if item not in new)
        added = tuple(item for item in new if item not in old)
        is_same_set = not removed and not added
        yield DataChange(
            place=named(place),
            removed=old if is_same_set else removed,
            added=new if is_same_set else added,
        )


def _rules(
    before: Mapping[str, bytes], after: Mapping[str, bytes]
) -> Iterator[RuleChange]:
    paths = {path for path in (*before, *after) if path.endswith(_REGO)}
    for path in sorted(paths):
        if before.get(path) != after.get(path):
            old = _lines(before.get(path, b""))
            new = _lines(after.get(path, b""))
            lines = unified_diff(old, new, path, path, lineterm="")
            yield RuleChange(path=path, lines=tuple(lines))


def _lines(rego: bytes) -> list[str]:
    return rego.decode("utf-8", "backslashreplace").splitlines()
