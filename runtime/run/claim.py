"""Claims: one taking-over of a run by one process, and whether the claim may still be at work.

A claim has a token of its own, which stands in the run's row and is checked by every transaction
that writes for the run. A claim of this process is alive from `take` until `give_back`. A claim of
another process on this machine is dead when the process is gone. Of any other claim nobody here can
tell, so it counts as alive until its lease is over (fails closed).
"""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, update

from interlock.runtime.errors import Fenced
from interlock.runtime.record.events import RunResumed
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Row
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import canary
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import LEASE_S, OPEN, Run, opened
from interlock.runtime.run.turn import unless_stopped

#: The tokens that this process has taken and not given back, of every database it has open
_LIVE: Final[set[str]] = set()
#: Tells this process from another one of the same name, for example in a second container
_INSTANCE: Final = secrets.token_hex(4)
#: Characters of a digest that tell the machines of one host name apart
_PLACE: Final = 12


@cache
def machine(proc: Path = Path("/proc")) -> str:
    """Return the name of where process numbers mean what they mean here.

    Two containers may share the name of their host, and a process number then says nothing across
    them. So the boot and the namespace of processes, which a kernel tells in *proc*, are part of
    the name; without such a folder the host's name stands alone.
    """
    told = b""
    with suppress(OSError):
        told += (proc / "sys/kernel/random/boot_id").read_bytes()
    with suppress(OSError):
        told += os.fsencode((proc / "self/ns/pid").readlink())
    return f"{socket.gethostname()}/{sha256(told).hexdigest()[:_PLACE]}"


def taker() -> str:
    """Return the name of this process: machine, process id and a part no other process has."""
    return f"{machine()}:{os.getpid()}:{_INSTANCE}"


def take() -> str:
    """Return the token of a new claim of this process."""
    token = secrets.token_hex(16)
    _LIVE.add(token)
    return token


def give_back(token: str) -> None:
    """Say that this process works under the claim no more; giving it back twice changes nothing."""
    _LIVE.discard(token)


def may_live(token: str, *, owner: str) -> bool:
    """Whether the process named *owner* may still be at work under the claim."""
    if owner == taker():
        return token in _LIVE
    place, _, process = owner.rpartition(":")[0].rpartition(":")
    if place != machine():
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def is_gone(row: Row) -> bool:
    """Whether the newest claim of the run in *row* is known to be at an end, or there was none."""
    owner = row["owner"]
    return not owner or not may_live(row["claim"], owner=owner)


@contextmanager
def taken() -> Iterator[str]:
    """Take a claim, and give it back when the claim was not recorded."""
    token = take()
    try:
        yield token
    except BaseException:
        give_back(token)
        raise


def take_over(
    tx: Tx,
    vault: Vault,
    row: Row,
    *,
    token: str,
    tries: int = 1,
    by: str | None = None,
    rehearses: bool = False,
) -> Run:
    """Claim the run in *row*, which is locked, under *token* and the next fence; see `Runs.claim`.

    The run of a canary is refused to whoever *rehearses* nothing.

    *tries* counts the claims since the run last got on, this one included, and *by* is the worker
    that claims; a person who carries a run on lets the count begin anew.
    """
    run_id = row["id"]
    refuse_taken(row, now=tx.now)
    if not rehearses:
        canary.refuse(vault, row, seconds=LEASE_S)
    gone = is_gone(row)
    fence = row["fence"] + 1
    taken_over = (
        update(tables.run)
        .where(tables.run.c.id == run_id)
        .values(
            claimed(
                token,
                fence=fence,
                attempts=row["attempts"] + 1,
                tries=tries,
                now=tx.now,
            )
        )
        .returning(tables.run)
    )
    run = tx.connection.execute(taken_over).mappings().one()
    tx.checked.clear()  # what was checked before the fence moved says nothing now
    key = vault.key(tx.connection, run_id)
    tx.events.append(
        RunResumed(
            log=row["tenant"],
            run_id=run_id,
            fence=fence,
            by=by,
        )
    )
    return opened(run, key, claim=token, alone=gone)


def claimed(
    token: str,
    *,
    fence: int,
    attempts: int,
    tries: int,
    now: int,
) -> dict[str, Any]:
    """Return the columns of a run that this process has claimed."""
    first = {"outages": 0} if tries == 1 else {}
    return first | {
        "status": "running",
        "fence": fence,
        "claim": token,
        "owner": taker(),
        "lease_until": now + LEASE_S,
        "ready_at": now + LEASE_S,
        "attempts": attempts,
        "tries": tries,
        "updated": now,
    }


def extend(connection: Connection, run: Run, *, now: int) -> None:
    """Extend the lease of the claim; raises `Fenced` when the claim is over or was taken.

    One statement: whoever takes the run over finds the lease extended, or this one finds the run
    taken. No lease is extended whose end is recorded.
    """
    row = tables.run.c
    lease = update(tables.run).where(
        row.id == run.id,
        row.fence == run.fence,
        row.claim == run.claim,
        row.lease_until > 0,
    )
    until = now + LEASE_S
    values = {"lease_until": until, "ready_at": unless_stopped(until)}
    if connection.execute(lease.values(values)).rowcount != 1:
        raise Fenced(run_id=run.id, fence=run.fence)


def refuse_taken(row: Row, *, now: int) -> None:
    """Refuse a run that has ended ("ended") or that a live claim holds ("claimed")."""
    what = f"run {row['id']}"
    if row["status"] not in OPEN:
        raise refused("ended", what=what, status=row["status"])
    seconds = row["lease_until"] - now
    is_worked_on = row["status"] in {"running", "held"}
    if is_worked_on and seconds > 0 and may_live(row["claim"], owner=row["owner"]):
        raise refused(
            "claimed",
            what=what,
            owner=row["owner"],
            seconds=seconds,
        )
