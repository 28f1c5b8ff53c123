"""The watch: no entry is committed that the ledger forbids or that rests on changed rows.

Before a transaction commits that claims a run, begins an effect or records a verdict, the rows of
the run are compared with what the run's entries say, these included. Fails closed: where rows and
entries differ nothing commits, so nothing is done.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
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
from interlock.runtime.record.run_rows import confirm_action, confirm_run
from interlock.runtime.record.scan import Scan
from interlock.runtime.record.spend import Values
from interlock.runtime.record.standing import Standing
from interlock.runtime.record.store.schema import refuse_strange
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
        for run_id, entries in _by_run(page.rows).items():
            events = {entry["event"] for entry in entries}
            if run_id and not events.isdisjoint(_CHECKED):
                self._confirm(connection, page, run_id, entries, origin)

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
        connection: Connection,
        page: Page,
        run_id: str,
        entries: Sequence[Entry],
        origin: str,
    ) -> None:
        keys = Keyring(connection, self.vault)
        bodies = [body_of(entry["body"]) for entry in entries]
        standing = self._standing(keys, page, run_id, bodies, origin)
        for entry, body in zip(entries, bodies, strict=True):
            standing.add(entry, body)
        events = {body["event"] for body in bodies}
        if not events.isdisjoint(_WHOLE):
            refuse_strange(connection)
            confirm_run(
                keys,
                standing.derived,
                run_id=run_id,
            )
        intents = [body for body in bodies if body["event"] == _INTENT]
        if intents:
            self._intended(keys, page, standing, intents)
        if "run_ended" not in events:
            self._keep(standing)

    def _intended(
        self,
        keys: Keyring,
        page: Page,
        standing: Standing,
        intents: Iterable[Values],
    ) -> None:
        size = page.before.size
        switches = turned(
            self.engaged(keys.connection, page.log, size=size), bodies_of(page.rows)
        )
        for intent in intents:
            refuse_killed(switches, intent, log=page.log)
            confirm_action(
                keys,
                standing.derived,
                run_id=standing.run_id,
                action=intent["action"],
            )

    def _standing(
        self,
        keys: Keyring,
        page: Page,
        run_id: str,
        bodies: Sequence[Values],
        origin: str,
    ) -> Standing:
        """Return how the run stands before its new entries, which have these *bodies*.

        Whoever claims a run has all its entries read again. Otherwise, what is in memory may hold
        entries of a commit that failed; then it does not lead to the new ones, and is read anew.
        """
        first = bodies[0]
        size = page.before.size
        with self._keeping:
            standing = self._standings.pop(run_id, None)
        if first["event"] == "run_started":
            return Standing(log=page.log, run_id=run_id)
        is_claim = any(body["event"] == _CLAIM for body in bodies)
        if standing is not None and standing.size <= size and not is_claim:
            with suppress(LogBroken):
                standing.catch_up(keys, size=size)
                if standing.leads_to(first):
                    return standing
        return self._read(keys, page, run_id, origin)

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
        standing.catch_up(keys, size=page.before.size)
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


def _by_run(rows: Iterable[Entry]) -> dict[str, list[Entry]]:
    by_run: dict[str, list[Entry]] = {}
    for row in rows:
        by_run.setdefault(row["run_id"], []).append(row)
    return by_run
