"""An open write transaction: what its work has put aside to write, and what was read for all of it.

Many items are committed together, and most of them ask and write the same kinds of rows. So what
the items say they need is read in one statement for all of them, and rows that nobody must read
back are put aside until somebody uses the connection, or until the work is over.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from interlock.runtime.record.events import Event
from interlock.runtime.record.store.bulk import Bulk, Key
from interlock.runtime.record.store.lines import Item
from interlock.runtime.record.store.of_many import OfMany
from interlock.runtime.record.store.scope import SYSTEM, enter
from interlock.runtime.record.tlog import Frontier


@dataclass(kw_only=True, slots=True)
class Tx:
    """An open write transaction; lives on one thread and as long as the transaction.

    Whoever uses `connection` sees all that was put aside, and may change anything: what was read
    with `rows` is read again afterwards.
    """

    opened: Connection
    clock: Callable[[Connection], int]
    #: Whose rows it sees and changes now
    scope: str = SYSTEM
    #: What is still to be done in it, the work at hand included
    items: deque[Item] = field(default_factory=deque)
    #: Recorded in the ledger with what was written, in this order
    events: list[Event] = field(default_factory=list)
    #: Called in order once the transaction is durable, on its thread
    after: list[Callable[[], None]] = field(default_factory=list)
    #: The logs whose heads this transaction holds, as they stood when it began
    heads: dict[str, Frontier] = field(default_factory=dict)
    #: Claims (run, fence, token) checked in this transaction, which holds the rows of their runs
    checked: set[tuple[str, int, str]] = field(default_factory=set)
    #: The kill switches that are engaged, once somebody has looked; whoever turns one forgets them
    engaged: frozenset[tuple[str, str]] | None = None
    _now: int | None = None
    _known: dict[OfMany, dict[str, Sequence[Mapping[str, Any]]]] = field(
        default_factory=dict
    )
    _aside: dict[Bulk, dict[Key, Mapping[str, Any]]] = field(default_factory=dict)
    #: By table and key, what changes the row
    _changing: dict[tuple[str, Key], Bulk] = field(default_factory=dict)

    @property
    def connection(self) -> Connection:
        """The connection, once what was put aside is written."""
        self._known.clear()
        return self.apart

    @property
    def apart(self) -> Connection:
        """The same for who changes nothing that `rows` may have read: that is not read again."""
        self.settle()
        return self.opened

    @property
    def now(self) -> int:
        """The time of this transaction in Unix seconds by the database's clock, read once.

        Rows and ledger entries of one transaction carry the same time.
        """
        if self._now is None:
            self._now = self.clock(self.opened)
        return self._now

    def rows(self, kind: OfMany, name: str) -> Sequence[Mapping[str, Any]]:
        """Return the rows of that *name*, and read those that the other items need with them."""
        known = self._known.get(kind)
        if known is None:
            known = self._known[kind] = {}
            self._read(kind, {name, *self._needed(kind)}, known)
        elif name not in known:
            self._read(kind, {name}, known)
        return known[name]

    def row(self, kind: OfMany, name: str) -> Mapping[str, Any] | None:
        """Return the row of that *name*, if there is one; see `rows`."""
        rows = self.rows(kind, name)
        return rows[0] if rows else None

    def forget(self, kind: OfMany, name: str) -> None:
        """Let the rows of that *name* be read again: one of them is about to change."""
        self._known.get(kind, {}).pop(name, None)

    def know(self, kind: OfMany, name: str, changed: Mapping[str, Any]) -> None:
        """Take the one row of that *name* for *changed*, as what is put aside makes it."""
        (row,) = self.rows(kind, name)
        self._known[kind][name] = ({**row, **changed},)

    def put(self, bulk: Bulk, row: Mapping[str, Any]) -> None:
        """Put *row* aside, to be written with others; the changes of one row keep their order."""
        key = bulk.key(row)
        earlier = self._changing.get((bulk.table, key))
        if earlier is bulk and bulk.merge is not None:
            row = bulk.merge(self._aside[bulk][key], row)
        elif earlier is not None:
            self.settle()
        self._changing[bulk.table, key] = bulk
        self._aside.setdefault(bulk, {})[key] = row

    def settle(self) -> None:
        """Write what was put aside."""
        if not self._aside:
            return
        aside = self._aside
        self._aside = {}
        self._changing = {}
        for bulk, rows in aside.items():
            bulk.run(self.opened, list(rows.values()))

    def enter(self, scope: str) -> None:
        """Go on in *scope*; a statement is needed only where it is another."""
        if scope != self.scope:
            enter(self.connection, scope)
            self.scope = scope
            self.engaged = None

    @contextmanager
    def widened(self) -> Iterator[None]:
        """See every row while the block runs: for the ledger, whose logs depend on each other."""
        scope = self.scope
        self.enter(SYSTEM)
        yield
        self.enter(scope)

    def _needed(self, kind: OfMany) -> Iterator[str]:
        """Yield the names of that *kind* that the items of this scope need."""
        for item in self.items:
            if item.scope == self.scope:
                yield from (name for needed, name in item.needs if needed is kind)

    def _read(
        self,
        kind: OfMany,
        names: Iterable[str],
        known: dict[str, Sequence[Mapping[str, Any]]],
    ) -> None:
        asked = sorted(names)
        known.update(dict.fromkeys(asked, ()))
        known.update(kind.by_name(self.apart, asked))
