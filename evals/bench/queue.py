"""What a claim costs a worker while a great many runs are queued.

The runs that are claimed are real: each claim is fenced, signed and durable. Those behind them are
rows alone, copied from a real one, so that a million of them are made in a minute.
"""

import asyncio
import secrets
from functools import partial
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

from sqlalchemy import text

from interlock.runtime.policy.request import LIMITS, Principal
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.run.pin import digest_of
from interlock.runtime.run.queue import Queue
from interlock.runtime.run.run import NewRun
from interlock.runtime.storage import Storage

_AGENT: Final = "bench"
_REVISION: Final = "0" * 64
_TENANTS: Final = ("acme", "default")
#: Copies a transaction: a statement has to end within the database's time
_BATCH: Final = 50_000


def queue(*, queued: int, claims: int, database: str | None) -> dict[str, Any]:
    """Return the figures of *claims* claims, one run each, before *queued* others.

    *database* is the URL of an empty one; without it SQLite is measured in a temporary folder.
    """
    with TemporaryDirectory(prefix="interlock-bench-") as folder:
        url = database or f"sqlite:///{folder}/bench.db"
        return asyncio.run(_measured(Path(folder), url, queued=queued, claims=claims))


async def _measured(
    folder: Path, url: str, *, queued: int, claims: int
) -> dict[str, Any]:
    async with Storage.open(database=url, keys=folder / "keys") as storage:
        for number in range(claims):
            tenant = _TENANTS[number % len(_TENANTS)]
            await storage.runs.start(_new(tenant), claim=False)
        await _fill(storage, queued)
        worker = Queue(
            store=storage.store,
            vault=storage.vault,
            by="worker:bench",
            shares={},
            attempts=1,
        )
        pinned = {digest_of(_AGENT, revision=_REVISION, others={})}
        taken_ms = []
        for _ in range(claims):
            began = perf_counter()
            claimed = await worker.claim(pinned, most=1)
            taken_ms.append(1_000 * (perf_counter() - began))
            for run in claimed.runs:
                await storage.runs.end(run, "done", {})
                storage.runs.give_back(run)
        return {
            "database": storage.store.dialect,
            "queued": queued,
            "claims": claims,
            "claim_ms": _percentiles(taken_ms),
        }


def _new(tenant: str) -> NewRun:
    principal = Principal(
        id=f"agent:{_AGENT}", tenant=tenant, roles=(_AGENT,), on_behalf_of="ana"
    )
    return NewRun(
        agent=_AGENT,
        principal=principal,
        request={},
        limits=LIMITS,
        autonomy=2,
        revision=_REVISION,
        intent=None,
    )


async def _fill(storage: Storage, queued: int) -> None:
    """Copy a queued run of each tenant until so many lower ones stand behind."""
    values = {
        "id": f"'run-{secrets.token_hex(4)}-' || tenant || '-' || counted.number",
        "priority": "-1",
    }
    names = [column.name for column in tables.run.columns]
    columns = ", ".join(values.get(name, name) for name in names)
    copies = text(
        "WITH RECURSIVE counted (number) AS (SELECT CAST(:first AS integer) "  # noqa: S608 - our own names
        "UNION ALL SELECT number + 1 FROM counted WHERE number < :copies), "
        "seeds (seed) AS (SELECT min(id) FROM run "
        f"GROUP BY tenant) INSERT INTO run ({', '.join(names)}) SELECT {columns} "
        "FROM run JOIN seeds ON seed = id CROSS JOIN counted"
    )

    def work(tx: Tx, first: int, last: int) -> None:
        Statement(copies).run(tx.connection, {"first": first, "copies": last})

    number = queued // len(_TENANTS)
    for first in range(1, number + 1, _BATCH):
        last = min(first + _BATCH - 1, number)
        await storage.store.write(partial(work, first=first, last=last), logs=_TENANTS)
    if storage.store.dialect == "postgresql":
        await storage.store.write(
            lambda tx: tx.connection.execute(text("ANALYZE run")), logs=_TENANTS
        )


def _percentiles(values: list[float]) -> dict[str, float]:
    steps = quantiles(values, n=100)
    return {"p50": round(steps[49], 2), "p99": round(steps[98], 2)}
