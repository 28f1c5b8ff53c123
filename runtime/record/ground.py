"""What the new entries of one transaction rest on: each kind of it is read in one statement.

A transaction may hold the entries of a hundred runs. What is read here is not changed by anybody
until the commit, because the transaction holds the head of the log.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, Table, text

from interlock.runtime.record.store import tables
from interlock.runtime.record.store.of_many import OfMany, listed
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.vault import Keyring, Vault

#: What belongs to a run, by the column that names the run
OF_RUN: Final[Mapping[Table, OfMany]] = {
    tables.run: OfMany(tables.run, tables.run.c.id),
    tables.budget: OfMany(tables.budget, tables.budget.c.id),
}
#: What belongs to one action, by the column that names the action
OF_ACTION: Final[Mapping[Table, OfMany]] = {
    tables.action: OfMany(tables.action, tables.action.c.id),
    tables.approval: OfMany(tables.approval, tables.approval.c.action_id),
    tables.approval_step: OfMany(
        tables.approval_step, tables.approval_step.c.action_id
    ),
    tables.reservation: OfMany(tables.reservation, tables.reservation.c.action_id),
}
_COLUMNS: Final = "entry.run_id, entry.seq, entry.body, entry.leaf, entry.payload"
_OF_RUN: Final = (
    "entry.run_id = wanted.run AND entry.log = :of_log "
    "AND entry.seq >= wanted.first AND entry.seq < :end"
)
#: The entries of each run from one of its own on. Both databases are told to begin with the runs:
#: left to themselves, while they know nothing of the table, they read the whole log for one run
_ENTRIES: Final = Statement(
    {
        "postgresql": text(
            "SELECT entry.* FROM unnest(CAST(:runs AS text[]), "  # noqa: S608 - texts of ours
            "CAST(:firsts AS bigint[])) AS wanted (run, first) CROSS JOIN LATERAL "
            f"(SELECT {_COLUMNS} FROM ledger_entry AS entry WHERE {_OF_RUN} OFFSET 0) "
            "AS entry ORDER BY seq"
        ),
        "sqlite": text(
            f"SELECT {_COLUMNS} FROM (SELECT run.value AS run, first.value AS first "  # noqa: S608 - as above
            "FROM json_each(:runs) AS run JOIN json_each(:firsts) AS first "
            "ON first.key = run.key) AS wanted CROSS JOIN ledger_entry AS entry "
            f"WHERE {_OF_RUN} ORDER BY entry.seq"
        ),
    }
)


class Ground:
    """The rows and keys of runs and their actions, as one transaction reads them.

    Lives as long as the transaction. What was not asked for beforehand is not there: a row that is
    looked for then counts as gone (fails closed).
    """

    def __init__(
        self,
        connection: Connection,
        vault: Vault,
        *,
        runs: Collection[str],
        actions: Collection[str],
    ) -> None:
        self.connection = connection
        self.keys = Keyring(connection, vault)
        self.keys.read(sorted(runs))
        self._rows: dict[Table, Mapping[str, Sequence[Row]]] = {}
        if actions:
            self._read(OF_RUN, runs)
            self._read(OF_ACTION, actions)

    def _read(
        self,
        kind: Mapping[Table, OfMany],
        names: Collection[str],
    ) -> None:
        for table, many in kind.items():
            self._rows[table] = many.by_name(
                self.connection,
                sorted(names),
            )

    def rows(
        self,
        table: Table,
        name: str,
    ) -> Sequence[Row]:
        """Return the rows of one table that belong to the run or action of that name."""
        return self._rows[table].get(name, ())


def entries(
    connection: Connection,
    log: str,
    firsts: Mapping[str, int],
    *,
    end: int,
) -> Mapping[str, Sequence[Row]]:
    """Return the entries of each run of *log* from its first that is wanted on, before *end*."""
    of_run: defaultdict[str, list[Row]] = defaultdict(list)
    if not firsts:
        return of_run
    place = {
        "runs": listed(connection, [*firsts]),
        "firsts": listed(connection, [*firsts.values()]),
        "of_log": log,
        "end": end,
    }
    for row in _ENTRIES.all(connection, place):
        of_run[row["run_id"]].append(row)
    return of_run
