"""The vouched view of a result: what would stand there whatever strangers had written.

A leaf that anyone can write is not there, and neither is an object that anyone could have put
there. Of what nobody declares who writes it, nothing is there (fails closed). The name of an object
that is there stands as a reference to it.

Where the principal leaves a choice to what counts most, a stranger's object counts as any other: in
the measured view of a call that shows all there is, what the system itself mints of it is there.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

from interlock.runtime.door.fields import (
    Fields,
    Writer,
    is_name,
    object_of,
    objects_of,
    writer_of,
)
from interlock.runtime.door.plan.expression import NOTHING
from interlock.runtime.door.plan.naming import Naming
from interlock.runtime.door.results import Results
from interlock.runtime.door.sent import Sent
from interlock.runtime.door.shown import Shown
from interlock.runtime.door.tool import Tools

_GONE: Final = object()
#: What stands at a place within a record, from who can write it, the place and the leaf
_Keeps: TypeAlias = Callable[[Writer, str, Any], Any]


class _Touched(Exception):
    """The run may itself have written, without proof, what a result shows."""


class Vouching:
    """What of a run's results does not depend on what strangers wrote."""

    def __init__(
        self,
        results: Results,
        tools: Tools,
        *,
        person: str,
        is_measured: bool = False,
    ) -> None:
        self._results = results
        self._tools = tools
        self._person = person
        self._is_measured = is_measured
        self._naming = Naming(results)

    def result(
        self,
        sent: Sent,
    ) -> Any:
        """Return the vouched view of what the action gave, as JSON; `NOTHING` where there is none.

        An action that was given anything without proof showed what its planner chose, so of its
        result nothing is there but the object that it has just made.
        """
        seen = self._results.seen
        tool = self._tools.get(sent.tool)
        result = seen.results[sent.action]()
        fields = None if tool is None else tool.fields
        if fields is None or result is None or objects_of(fields, result) is None:
            return NOTHING
        if not sent.is_proved and fields.of != "created":
            return NOTHING

        def view(value: Any) -> Any:
            record = object_of(fields, value)
            shown = Shown(
                tool=sent.tool,
                action=sent.action,
                seq=seen.ended[sent.action].seq,
                record=record,
                whole=seen.whole.get(sent.action, frozenset()),
            )
            keeps = self._keeps(fields, sent, shown)
            return _GONE if keeps is None else _steady(fields, "", value, keeps)

        try:
            pruned = _placed(fields.records, result, view)
        except _Touched:
            return NOTHING
        return NOTHING if pruned is _GONE else pruned

    def _keeps(
        self,
        fields: Fields,
        sent: Sent,
        shown: Shown,
    ) -> _Keeps | None:
        """Return what stays of the leaves of a record; None for a record that is not there.

        Raises `_Touched` for one that the run may have written: a planner that takes objects out of
        the view would choose among the others.
        """
        results = self._results
        record = shown.record

        def steady(
            writer: Writer,
            place: str,
            leaf: Any,
        ) -> Any:
            return leaf if self._is_steady(writer, leaf, shown) else _GONE

        def known(
            writer: Writer,
            place: str,
            leaf: Any,
        ) -> Any:
            if writer == "anyone" and is_name(fields, place, leaf):
                return self._naming.reference(leaf, shown, is_all=not place)
            return steady(writer, place, leaf)

        if record.of == "created":
            return steady
        if results.is_chosen(shown):
            names = results.chosen_names(shown)
            return lambda *at: at[-1] if at[-1] in names else known(*at)

        is_made = self._is_own(record.made_by, fields)
        is_added = fields.adds != "anyone" or self._is_own(record.added_by, fields)
        if not is_made and not is_added:
            return self._counted(fields, shown)
        if results.is_touched(shown, is_made=is_made):
            raise _Touched
        return (lambda *at: at[-1]) if is_made else known

    def _counted(
        self,
        fields: Fields,
        shown: Shown,
    ) -> _Keeps | None:
        """Return what stays of a stranger's object where such objects count; None elsewhere.

        Raises `_Touched` where the run may have made the object.
        """
        if not self._is_measured or not fields.shows_all:
            return None
        if self._results.is_touched(shown, is_made=True):
            raise _Touched
        return partial(self._minted, shown)

    def _minted(
        self,
        shown: Shown,
        writer: Writer,
        _place: str,
        leaf: Any,
    ) -> Any:
        """Return a leaf of a stranger's object that the system itself wrote."""
        is_minted = writer == "system" and self._is_steady(writer, leaf, shown)
        return leaf if is_minted else _GONE

    def _is_steady(
        self,
        writer: Writer,
        leaf: Any,
        shown: Shown,
    ) -> bool:
        """Whether a leaf stays; raises `_Touched` for one that the run may have written."""
        if writer == "anyone":
            return False
        is_sent = self._results.is_sent(leaf, shown)
        if is_sent and shown.record.of != "created":
            raise _Touched
        return not is_sent

    def _is_own(
        self,
        name: str,
        fields: Fields,
    ) -> bool:
        """Whether a field that says who made an object says: the principal, or whom the words name.

        Whom the principal named as a source, in a name that no common word is, may say what the
        plan takes from that source. The principal's own name counts letter by letter: a stranger
        may have the same one in another case.
        """
        if not name:
            return False
        if self._results.is_named(name):
            return True
        return name in {self._person, *fields.own, *self._results.own}


def _placed(
    pattern: str,
    value: Any,
    view: Callable[[Any], Any],
) -> Any:
    """Return *value* with the view of each record in its place, and nothing else."""
    if not pattern:
        return view(value)
    name, _, rest = pattern.partition(".")

    def at(
        place: str,
        item: Any,
    ) -> Any:
        return _placed(rest, item, view) if name in {"*", place} else _GONE

    return _mapped(value, at)


def _steady(
    fields: Fields,
    place: str,
    value: Any,
    keeps: _Keeps,
) -> Any:
    """Return a part of a record with the leaves that stay; a part of which none stays is gone."""
    if not isinstance(value, Mapping | list):
        return keeps(writer_of(fields, place), place, value)
    if not value:
        inner = f"{place}.*" if place else "*"
        is_kept = keeps(writer_of(fields, inner), inner, None) is not _GONE
        return value if is_kept else _GONE

    def at(
        name: str,
        item: Any,
    ) -> Any:
        return _steady(fields, f"{place}.{name}" if place else name, item, keeps)

    return _mapped(value, at) or _GONE


def _mapped(
    value: Any,
    at: Callable[[str, Any], Any],
) -> Any:
    """Return the object or list with what *at* gives for each item that is not gone."""
    if isinstance(value, Mapping):
        pairs = [(name, at(name, item)) for name, item in value.items()]
        return {name: item for name, item in pairs if item is not _GONE}
    if isinstance(value, list):
        items = [at(str(index), item) for index, item in enumerate(value)]
        return [item for item in items if item is not _GONE]
    return _GONE
