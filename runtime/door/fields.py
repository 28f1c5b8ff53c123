"""Fields of results: who can write each one, and which object each belongs to.

A tool declares this by threat model ("who can write this field"), never for one task. What is not
declared can be written by anyone (fails closed).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from interlock.runtime.door.leaves import is_proof, key_of

#: The system that keeps the object mints it; the principal; our own house; whoever can reach us
Writer: TypeAlias = Literal["system", "owner", "house", "anyone"]
Ownership: TypeAlias = Literal["principal", "objects", "created"]
#: Leaves of the largest result that proves anything
MOST_FIELDS: Final = 4_096


@dataclass(frozen=True, kw_only=True, slots=True)
class Fields:
    """Who can write each field of a tool's result.

    Places are names joined by dots, in which `*` stands for any one name or number of an item.
    """

    #: Who writes what within a record, the first pattern that fits; others are written by anyone
    writers: Mapping[str, Writer]
    #: Where the records stand in the result; empty where the result as a whole is one
    records: str = ""
    #: What kind of object a record is: one name for all tools that show such objects
    kind: str = ""
    #: The fields of a record by which people name the object; `("",)` for a record that is a name
    #: and nothing else, which the system gives to no second object of the kind
    names: tuple[str, ...] = ()
    #: The field that tells two objects of one kind apart; without it, all that not anyone writes
    id: str = ""
    #: Arguments that look for a name, in whatever case: a call with one and nothing else shows
    #: every object whose name has it. Where there is none, a call without arguments shows all.
    #: None where nobody knows what a call leaves out
    finds: tuple[str, ...] | None = None
    #: Arguments that leave out objects for what each of them is (a day, a folder), never for how
    #: many there are or in what order: a call that looks for a name may have them as a plan says
    narrows: tuple[str, ...] = ()
    #: Who can add an object such that a call of the tool shows it; a search through what strangers
    #: wrote shows what strangers choose
    adds: Writer = "anyone"
    #: The field that the system writes, of who made the object: all that stands in one that the
    #: principal made is as good as the principal's own word
    made_by: str = ""
    #: The same of who put the object there, where others may have written in it since
    added_by: str = ""
    #: What stands in those two fields for the principal, in this system: "me", "sent"
    own: tuple[str, ...] = ()
    #: A call shows everything that its arguments ask for, whoever put it there, so that what counts
    #: most in it does so in truth
    shows_all: bool = False
    #: The principal's own, such as a profile, an account or the clock; one object among many; or
    #: what the call has just made, which was nothing else before
    of: Ownership = "objects"


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownObject:
    """One object that a tool showed."""

    kind: str
    of: Ownership
    identity: str
    #: The same as the tools take it; empty where it is none that the tool declares
    id: str
    #: What the object is called
    names: tuple[str, ...]
    #: What it is called, as far as not anyone can call it so
    steady: frozenset[str]
    #: Who made the object and who added it, as far as not anyone can write that; else empty
    made_by: str
    added_by: str
    #: Each leaf, with the pattern that it fits and who can write it
    leaves: Sequence[tuple[str, Writer, Any]] = field(repr=False)
    #: The leaves that prove something, by how they are looked up
    proofs: Mapping[str, Sequence[tuple[str, Writer, Any]]] = field(repr=False)


def objects_of(
    fields: Fields,
    result: Any,
) -> list[ShownObject] | None:
    """Return the records in a result as JSON; None where it is too large to be looked through."""
    records = []
    patterns = _Patterns(fields)
    count = 0
    for _, value in _places(fields.records, result):
        leaves = list(_leaves("", value))
        count += len(leaves)
        if count > MOST_FIELDS:
            return None
        records.append(_object(patterns, leaves))
    return records


def object_of(
    fields: Fields,
    value: Any,
) -> ShownObject:
    """Return one object from what stands in its place."""
    return _object(_Patterns(fields), list(_leaves("", value)))


class _Patterns(dict[str, tuple[str, Writer, bool]]):
    """Place -> the pattern that it fits, who writes there, and whether a name stands there.

    Lives as long as one result is looked through: the records of a result have the same places.
    """

    def __init__(self, fields: Fields) -> None:
        super().__init__()
        self.fields = fields

    def __missing__(self, place: str) -> tuple[str, Writer, bool]:
        pattern, writer = _writer(self.fields, place)
        known = pattern, writer, _is_named(self.fields, place)
        self[place] = known
        return known


def _object(
    patterns: _Patterns,
    leaves: list[tuple[str, Any]],
) -> ShownObject:
    fields = patterns.fields
    written = [(place, *patterns[place][:2], leaf) for place, leaf in leaves]
    steady = {place: leaf for place, _, writer, leaf in written if writer != "anyone"}
    called = _called(patterns, leaves)
    identity = steady.get(fields.id, sorted(map(repr, steady.items())))
    shown = [(pattern, writer, leaf) for _, pattern, writer, leaf in written]
    own_id = str(steady.get(fields.id, ""))
    return ShownObject(
        kind=fields.kind,
        of=fields.of,
        identity=repr(identity),
        id=own_id,
        names=tuple(called.values()),
        steady=frozenset(leaf for place, leaf in called.items() if place in steady),
        made_by=_person(steady, fields.made_by),
        added_by=_person(steady, fields.added_by),
        leaves=shown,
        proofs=_proofs(shown, kind=fields.kind, id=own_id),
    )


def _called(
    patterns: _Patterns,
    leaves: list[tuple[str, Any]],
) -> dict[str, str]:
    """Return what the object is called, by the place where that stands."""
    return {
        place: leaf
        for place, leaf in leaves
        if isinstance(leaf, str) and patterns[place][2]
    }


def is_name(
    fields: Fields,
    place: str,
    leaf: Any,
) -> bool:
    """Whether a leaf of a record is what the object is called."""
    return isinstance(leaf, str) and _is_named(fields, place)


def _is_named(
    fields: Fields,
    place: str,
) -> bool:
    return any(_fits(name, place) for name in fields.names)


def _proofs(
    leaves: Sequence[tuple[str, Writer, Any]],
    *,
    kind: str,
    id: str,  # noqa: A002 - the object's
) -> dict[str, list[tuple[str, Writer, Any]]]:
    proofs: dict[str, list[tuple[str, Writer, Any]]] = {}
    for shown in leaves:
        leaf = shown[2]
        if is_proof(leaf, kind=kind, id=id):
            proofs.setdefault(key_of(leaf, kind), []).append(shown)
    return proofs


def _person(
    steady: Mapping[str, Any],
    place: str,
) -> str:
    return str(steady.get(place, "")) if place else ""


def writer_of(
    fields: Fields,
    place: str,
) -> Writer:
    """Return who writes what stands at this place within a record."""
    return _writer(fields, place)[1]


def _writer(
    fields: Fields,
    place: str,
) -> tuple[str, Writer]:
    for pattern, writer in fields.writers.items():
        if _fits(pattern, place):
            return pattern, writer
    return "*", "anyone"


def _fits(
    pattern: str,
    place: str,
) -> bool:
    wanted = pattern.split(".")
    names = place.split(".")
    return len(wanted) == len(names) and all(
        one in {"*", name} for one, name in zip(wanted, names, strict=True)
    )


def _places(
    pattern: str,
    value: Any,
) -> Iterator[tuple[str, Any]]:
    """Yield what stands at the places that *pattern* names."""
    name, _, rest = pattern.partition(".")
    if not pattern:
        yield "", value
        return
    for own, item in _items(value):
        if name in {"*", own}:
            yield from _places(rest, item)


def _leaves(
    place: str,
    value: Any,
) -> Iterator[tuple[str, Any]]:
    items = _items(value)
    if not items and not isinstance(value, Mapping | list):
        yield place, value
    for name, item in items:
        yield from _leaves(f"{place}.{name}" if place else name, item)


def _items(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, list):
        return [(str(index), item) for index, item in enumerate(value)]
    return []
