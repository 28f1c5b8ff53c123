"""What differs between two releases: each setting, file and text by its name, with both values."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any, Final

import orjson
from sqlalchemy import Connection

from interlock.runtime.canonical import Json
from interlock.runtime.run import artefact, promotion
from interlock.runtime.run.artefact import Kind
from interlock.runtime.run.release import Release
from interlock.runtime.run.unreleased import ReleaseUnusable
from interlock.serving.policy.difference import Values, difference
from interlock.serving.policy.layers import Place, named

#: What a release has beside its parts
_WEIGHTS: Final = "weights"
#: Parts beside the model that are JSON, of which each value has a place
_PLACED: Final[tuple[Kind, ...]] = (
    "playbook",
    "prompt",
    "tools",
    "agent",
    "extractor",
    "data",
)
#: A text beyond so many characters is shown as one value
_LONGEST: Final = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One place of a part with what stood there before and what stands there after.

    None where nothing stands. A text of several lines has the *lines* of a unified diff beside.
    """

    part: str
    place: str
    before: Json
    after: Json
    lines: tuple[str, ...] = ()


def changes(connection: Connection, before: Release, after: Release) -> list[Change]:
    """Return what differs from *before* to *after*: what leads outside first, then the policy.

    A part that is another one is told in every case: by its names where no place of it differs.
    Raises `ReleaseUnusable` for a part that is not what its name says (fails closed).
    """
    told = list(_keys(connection, before, after))
    told += _placed(connection, "model", before, after)
    told += _of_policy(connection, before, after)
    told += _compared(_WEIGHTS, before.manifest.weights, after.manifest.weights)
    for kind in _PLACED:
        told += _placed(connection, kind, before, after)
    told += _of_thresholds(connection, before, after)
    told += _of_name("dataset", before, after)
    return told


def _keys(connection: Connection, before: Release, after: Release) -> Iterator[Change]:
    """Yield each variable that holds a key, with the places that are sent the key."""
    old, new = (
        _places_of_keys(_json(connection, "model", one)) for one in (before, after)
    )
    for variable in sorted(old.keys() | new.keys()):
        if old.get(variable) != new.get(variable):
            yield Change(
                part="model",
                place=f"the key in {variable} is sent to",
                before=old.get(variable),
                after=new.get(variable),
            )


def _places_of_keys(model: Any) -> dict[str, Json]:
    entries = [model.get("model") or {}]
    for candidates in (model.get("models") or {}).values():
        entries += candidates.values()
    places: dict[str, set[str]] = {}
    for entry in entries:
        if entry.get("key_variable"):
            place = entry.get("url") or f"the pool {entry.get('pool')}"
            places.setdefault(entry["key_variable"], set()).add(place)
    return {variable: sorted(those) for variable, those in places.items()}


def _of_policy(
    connection: Connection, before: Release, after: Release
) -> Iterator[Change]:
    old, new = (promotion.bundle_of(connection, one) for one in (before, after))
    compared = difference(old, new)
    for change in compared.data:
        yield Change(
            part="policy",
            place=change.place,
            before=_value(change.removed),
            after=_value(change.added),
        )
    for rule in compared.rules:
        yield Change(
            part="policy",
            place=rule.path,
            before=None,
            after=None,
            lines=rule.lines,
        )
    if compared.is_module_changed and not compared.rules:
        yield Change(
            part="policy",
            place="the compiled module, which no rule explains",
            before=before.manifest.parts["policy"],
            after=after.manifest.parts["policy"],
        )


def _value(values: Values) -> Json:
    """Return one value as it is, several as a list, and none as None."""
    if len(values) > 1:
        return list(values)
    return values[0] if values else None


def _of_thresholds(
    connection: Connection, before: Release, after: Release
) -> Iterator[Change]:
    old, new = (_content(connection, "thresholds", one) for one in (before, after))
    if old != new:
        one, other = (text.decode("utf-8", "backslashreplace") for text in (old, new))
        yield _text("thresholds", "", one, other)


def _placed(
    connection: Connection, kind: Kind, before: Release, after: Release
) -> Iterable[Change]:
    old, new = (_json(connection, kind, one) for one in (before, after))
    return list(_compared(kind, old, new)) or _of_name(kind, before, after)


def _of_name(kind: Kind, before: Release, after: Release) -> Iterator[Change]:
    old, new = (one.manifest.parts.get(kind) for one in (before, after))
    if old != new:
        yield Change(
            part=kind,
            place="",
            before=old,
            after=new,
        )


def _compared(part: str, before: Any, after: Any) -> Iterator[Change]:
    old, new = (dict(_places(one)) for one in (before, after))
    for place in sorted(old.keys() | new.keys()):
        one, other = old.get(place), new.get(place)
        if (place in old, _written(one)) != (place in new, _written(other)):
            yield _change(part, named(place), one, other)


def _written(value: Json) -> bytes:
    """Return the value as JSON, where true is not 1."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _change(part: str, place: str, one: Json, other: Json) -> Change:
    texts = [text for text in (one, other) if isinstance(text, str)]
    if any("\n" in text for text in texts):
        return _text(part, place, str(one or ""), str(other or ""))
    return Change(
        part=part,
        place=place,
        before=one,
        after=other,
    )


def _text(part: str, place: str, one: str, other: str) -> Change:
    lines: tuple[str, ...] = ()
    if len(one) + len(other) <= _LONGEST:
        compared = unified_diff(one.splitlines(), other.splitlines(), lineterm="")
        lines = tuple(compared)[2:]
    return Change(
        part=part,
        place=place,
        before=one,
        after=other,
        lines=lines,
    )


def _places(value: Any, place: Place = ()) -> Iterator[tuple[Place, Json]]:
    """Yield every place that holds no further places, and those that are empty.

    A named thing of a list has its name. Names may have dots in them, so two places may be written
    alike and are still two.
    """
    is_placed = isinstance(value, Mapping)
    inner = value if is_placed else _by_name(value)
    if not inner and (place or not is_placed):
        yield place, value
        return
    for key, more in inner.items():
        yield from _places(more, (*place, str(key)))


def _by_name(value: Any) -> Mapping[str, Any]:
    """Return the things of a list by their names; none where one has no name of its own."""
    if not isinstance(value, list):
        return {}
    named = {
        str(one["name"]): one
        for one in value
        if isinstance(one, Mapping) and "name" in one
    }
    return named if len(named) == len(value) else {}


def _json(connection: Connection, kind: Kind, one: Release) -> Any:
    content = _content(connection, kind, one)
    try:
        return orjson.loads(content or b"{}")
    except ValueError as error:
        raise ReleaseUnusable(
            code="release_unreadable",
            what=kind,
        ) from error


def _content(connection: Connection, kind: Kind, one: Release) -> bytes:
    digest = one.manifest.parts.get(kind)
    return b"" if digest is None else artefact.read(connection, kind, digest).content
