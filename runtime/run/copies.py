"""Copies: what copies a run holds what the run held, so it is erased with that run.

A shadow names the run that it copies. For a canary that run is written nowhere, since whoever read
the name would know the canary. But a canary has the request of its model, in which one text is
another; what fits is taken for a copy, so that rather too much is erased than too little (fails
closed).
"""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, Final

import orjson
from sqlalchemy import RowMapping, or_, select

from interlock.runtime.canonical import Json
from interlock.runtime.errors import Erased
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.vault import DataKey, Vault
from interlock.runtime.run import canary, erasure
from interlock.runtime.run.cancellation import cancel
from interlock.runtime.run.run import OPEN

_RUN: Final = tables.run.c
#: What stands for a part that one of two requests lacks
_LACKING: Final = object()


def withdraw(tx: Tx, vault: Vault, row: RowMapping, *, by: str) -> None:
    """End each copy of the run in *row* that waits still; raises as `erasure.key_of` does."""
    for copy in _copies(tx, vault, row):
        if copy["status"] in OPEN:
            cancel(tx, vault, copy["id"], by=by, undo=False)


def erase(tx: Tx, vault: Vault, row: RowMapping, *, by: str) -> bool:
    """Erase the run in *row* and what was copied from it; raises as `erasure.key_of` does.

    Returns False, and erases nothing, while a copy waits: that is withdrawn first, since the entry
    which says so is sealed with the copy's own key.
    """
    copies = _copies(tx, vault, row)
    if any(copy["status"] in OPEN for copy in copies):
        return False
    for run in (*copies, row):
        erasure.erase(tx, vault, run_id=run["id"], tenant=run["tenant"], by=by)
    return True


def is_like(model: Json, copy: Json) -> bool:
    """Whether *copy* is the request *model*, but for one text wherever that stands."""
    return len(set(_differences(model, copy))) <= 1


def _copies(tx: Tx, vault: Vault, row: RowMapping) -> list[RowMapping]:
    model = _request(row, erasure.key_of(tx.connection, vault, row["id"]))
    query = select(tables.run).where(
        _RUN.tenant == row["tenant"],
        _RUN.agent == row["agent"],
        _RUN.created >= row["created"],
        _RUN.id != row["id"],
        or_(
            _RUN.canary == 1,
            _RUN.status.in_(OPEN),
            _RUN.shadow == row["id"],
        ),
    )
    rows = tx.connection.execute(query.with_for_update()).mappings().all()
    return [
        other
        for other in rows
        if other["shadow"] == row["id"]
        or (canary.is_canary(vault, other["id"]) and _is_copy(tx, vault, other, model))
    ]


def _is_copy(tx: Tx, vault: Vault, row: RowMapping, model: Json) -> bool:
    try:
        key = vault.key(tx.connection, row["id"])
    except Erased:
        return False
    return is_like(model, _request(row, key))


def _request(row: RowMapping, key: DataKey) -> Json:
    request: Json = orjson.loads(key.open(row["request"], place=f"run/{row['id']}"))
    return request


def _differences(model: Any, copy: Any) -> Iterator[tuple[str, str]]:
    """Give what stands in *model*, and in its place in *copy*, wherever the two differ."""
    if isinstance(model, dict) and isinstance(copy, dict):
        for name in model.keys() | copy.keys():
            yield from _differences(
                model.get(name, _LACKING),
                copy.get(name, _LACKING),
            )
    elif isinstance(model, list) and isinstance(copy, list):
        for pair in zip_longest(model, copy, fillvalue=_LACKING):
            yield from _differences(*pair)
    elif model != copy:
        yield repr(model), repr(copy)
