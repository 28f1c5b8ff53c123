"""The watch: no entry is committed that the ledger forbids or that rests on changed rows.

Before a transaction commits that claims a run, begins an effect or records a verdict, the rows of
the run are compared with what the run's entries say, these included. Fails closed: where rows and
entries differ nothing commits, so nothing is done.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any, Final, Protocol, TypeAlias

from sqlalchemy import Connection

from interlock.runtime.errors import LogBroken, Tampered
from interlock.runtime.record.engaged import (
    Engaged,
    bodies_of,
    refuse_killed,
    turned,
)
from interlock.runtime.record.entry_values import body_of
from interlock.runtime.record.events import SwitchTurned
from interlock.runtime.record.ground import Ground, entries
from interlock.runtime.record.run_rows import confirm_action, confirm_run
from interlock.runtime.record.scan import Scan
from interlock.runtime.record.spend import Values
from interlock.runtime.record.standing import Standing
from interlock.runtime.record.store.schema import refuse_strange
from interlock.runtime.record.store.statement import Row
from interlock.runtime.record.tlog import Frontier
from interlock.runtime.record.vault import Keyring, Vault

Entry: TypeAlias = Mapping[str, Any]
#: Entries after which every row of their run is compared
_CLAIM: Final = "run_resumed"
_WHOLE: Final = frozenset({_CLAIM, "approval", "approval_step", "approval_expired"})
#: What people may do to a database that is not fit to act on
_STOPS: Final = frozenset({"act", "act_failed", "run_ended", "outcome", "recovered"})
_INTENT: Final = "intent"
_CHECKED: Final = _WHOLE | {_INTENT}
#: Runs whose entries are kept in memory
_MOST_RUNS: Final = 256


class Page(Protocol):
    """What one transaction adds to one log."""

    log: str
    #: The tree to which the entries are added
    before: Frontier
    rows: list[dict[str, Any]]


class _New:
    """The entries of one run that a transaction adds."""

    def __init__(
        self,
        run_id: str,
        entries: Sequence[Entry],
    ) -> None:
        self.run_id = run_id
        self.entries = entries
        self.events = {entry["event"] for entry in entries}

    @cached_property
    def bodies(self) -> Sequence[Values]:
        """What the entries say."""
        return [body_of(entry["body"]) for entry in self.entries]

    @property
    def first(self) -> Values:
        """What the first of them says."""
        return self.bodies[0]

    @cached_property
    def intents(self) -> Sequence[Values]:
        """What those say that begin an effect."""
        return [body for body in self.bodies if body["event"] == _INTENT]

    @property
    def begins_afresh(self) -> bool:
        """Whether nothing in memory counts: the run begins here, or somebody claims it."""
        return self.first["event"] == "run_started" or _CLAIM in self.events


@dataclass(kw_only=True, slots=True)
class Watch:
    """What this process knows of logs and runs by their entries.

    Of one log one thread at a time asks, the one whose transaction holds its head.
    """

    vault: Vault
    public_key: bytes
    #: Why nothing may begin: what was found when the database was opened
    unfit: Tampered | None = None
    scans: dict[str, Scan] = field(default_factory=dict)
    _engaged: dict[str, Engaged] = field(default_factory=dict)
    _standings: dict[str, Standing] = field(default_factory=dict)
    _keeping: Lock = field(default_factory=Lock)

    def confirm(self, connection: Connection, page: Page, *, origin: str) -> None:
        """Check the entries of *page*, which are about to be committed, and what they rest on.

        Raises `NotAsRecorded`, `LogBroken` and `SchemaChanged`, and `unfit` for whatever is no
        stop: a database that is not fit to act on takes these alone.
        """
        if self.unfit is not None and not all(_stops(entry) for entry in page.rows):
            raise self.unfit
        news = [
            new for new in _by_run(page.rows) if not new.events.isdisjoint(_CHECKED)
        ]
        if not news:
            return
        ground = Ground(
            connection,
            self.vault,
            runs=[new.run_id for new in news],
            actions=[intent["action"] for new in news for intent in new.intents],
        )
        since = self._since(connection, page, news)
        for new in news:
            self._confirm(ground, page, new, since.get(new.run_id), origin)

    def engaged(
        self, connection: Connection, log: str, *, size: int
    ) -> frozenset[tuple[str, str]]:
        """Return the switches that the first *size* entries of *log* say are engaged."""
        known = self._engaged.get(log) or Engaged(log=log)
        # Put in place whole: transactions of other logs may ask for the home's at the same time.
        engaged = self._engaged[log] = known.at(connection, size=size)
        return engaged.switches

    def _confirm(
        self,
        ground: Ground,
        page: Page,
        new: _New,
        since: Iterable[Row] | None,
        origin: str,
    ) -> None:
        standing = self._standing(ground.keys, page, new, since, origin)
        for entry, body in zip(new.entries, new.bodies, strict=True):
            standing.add(entry, body)
        if not new.events.isdisjoint(_WHOLE):
            refuse_strange(ground.connection)
            confirm_run(
                ground.keys,
                standing.derived,
                run_id=new.run_id,
            )
        if new.intents:
            self._intended(ground, page, standing, new.intents)
        if "run_ended" not in new.events:
            self._keep(standing)

    def _intended(
        self,
        ground: Ground,
        page: Page,
        standing: Standing,
        intents: Iterable[Values],
    ) -> None:
        size = page.before.size
        switches = turned(
            self.engaged(ground.connection, page.log, size=size), bodies_of(page.rows)
        )
        for intent in intents:
            refuse_killed(switches, intent, log=page.log)
            confirm_action(
                ground,
                standing.derived,
                run_id=standing.run_id,
                action=intent["action"],
            )

    def _since(
        self,
        connection: Connection,
        page: Page,
        news: Iterable[_New],
    ) -> Mapping[str, Sequence[Row]]:
        """Return the entries that each run in memory has got meanwhile.

        Whoever claims a run has all its entries read again, so a claimed run is not there, nor is
        one that begins.
        """
        size = page.before.size
        firsts: dict[str, int] = {}
        with self._keeping:
            for new in news:
                standing = self._standings.get(new.run_id)
                if standing is None or standing.size > size or new.begins_afresh:
                    continue
                firsts[new.run_id] = standing.size
        since = entries(connection, page.log, firsts, end=size)
        return {run_id: since.get(run_id, ()) for run_id in firsts}

    def _standing(
        self,
        keys: Keyring,
        page: Page,
        new: _New,
        since: Iterable[Row] | None,
        origin: str,
    ) -> Standing:
        """Return how the run stands before its *new* entries.

        What is in memory, and led on by the entries *since*, may hold entries of a commit that
        failed; then it does not lead to the new ones, and all entries are read anew.
        """
        with self._keeping:
            standing = self._standings.pop(new.run_id, None)
        if new.first["event"] == "run_started":
            return Standing(log=page.log, run_id=new.run_id)
        if standing is not None and since is not None:
            with suppress(LogBroken):
                standing.catch_up(keys, since, size=page.before.size)
                if standing.leads_to(new.first):
                    return standing
        return self._read(keys, page, new.run_id, origin)

    def _read(
        self,
        keys: Keyring,
        page: Page,
        run_id: str,
        origin: str,
    ) -> Standing:
        """Return how the run stands by its entries, as they are under the log's signed head."""
        scan = self.scan(page.log, origin=origin)
        scan.advance(keys.connection, page.before)
        standing = Standing(log=page.log, run_id=run_id)
        size = page.before.size
        whole = entries(keys.connection, page.log, {run_id: 0}, end=size)
        standing.catch_up(keys, whole.get(run_id, ()), size=size)
        if not standing.has_ended:
            scan.confirm(run_id, leaf=standing.leaf)
        return standing

    def scan(self, log: str, *, origin: str, first: int = 0) -> Scan:
        """Return the scan of *log*, a new one from entry *first* on where there is none."""
        scan = self.scans.get(log)
        if scan is None:
            scan = Scan(
                log=log,
                origin=origin,
                public_key=self.public_key,
                first=first,
            )
            self.scans[log] = scan
        return scan

    def _keep(self, standing: Standing) -> None:
        with self._keeping:
            self._standings[standing.run_id] = standing
            if len(self._standings) > _MOST_RUNS:
                oldest = next(iter(self._standings))
                del self._standings[oldest]


def _stops(entry: Entry) -> bool:
    """Whether the entry lets nothing begin: it only stops, or says what became of something."""
    if entry["event"] == SwitchTurned.event:
        return body_of(entry["body"]).get("engaged") is True
    return entry["event"] in _STOPS


def _by_run(rows: Iterable[Entry]) -> list[_New]:
    """Return the new entries of each run; those of no run are not there."""
    by_run: dict[str, list[Entry]] = {}
    for row in rows:
        by_run.setdefault(row["run_id"], []).append(row)
    return [_New(run_id, entries) for run_id, entries in by_run.items() if run_id]
