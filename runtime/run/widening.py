"""Intent: what a run may do, written with its row; and whole by the person who asked for the run.

It is fixed when the run begins, from the principal's own words. No agent changes it, and no entry
but that of a person ever does.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import update

from interlock.runtime.canonical import canonical
from interlock.runtime.policy.intent import Intent
from interlock.runtime.record.events import RunWidened
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import MOST_EFFECTS, OPEN, intent_of, is_number, row_of

#: Kinds in one intent, and characters of a kind
MOST_KINDS: Final = 256
LONGEST_KIND: Final = 64


def written(intent: Intent | None) -> str:
    """Return *intent* as the row of a run holds it; empty where the request has no words."""
    return "" if intent is None else canonical(dict(intent)).decode()


def widen(
    tx: Tx, *, run_id: str, more: Mapping[str, int | None], by: str, note: str
) -> Intent:
    """Add *more* to what the run may do, by kind of effect; None is without a number.

    Returns what it may do from now on. Raises `NotFound`, and `BadInput` for a run that has ended
    ("ended"), for one whose request has no words and which is not held to them ("no_words"), and
    for a kind or a number that is none ("no_kind").
    """
    row = row_of(tx.connection, run_id, lock=True)
    if row["status"] not in OPEN:
        raise refused("ended", what=f"run {run_id}", status=row["status"])
    intent = intent_of(row["intent"])
    if intent is None:
        raise refused("no_words", what=f"run {run_id}")
    whole = _joined(run_id, intent, more)
    values = {"intent": written(whole)}
    tx.connection.execute(
        update(tables.run).where(tables.run.c.id == run_id).values(values)
    )
    tx.events.append(
        RunWidened(log=row["tenant"], run_id=run_id, intent=whole, by=by, note=note)
    )
    return whole


def _joined(run_id: str, intent: Intent, more: Mapping[str, int | None]) -> Intent:
    whole = dict(intent)
    for kind, number in more.items():
        is_kind = 0 < len(kind) <= LONGEST_KIND and kind.isprintable()
        if not is_kind or not is_number(number):
            raise refused("no_kind", what=f"run {run_id}", kind=kind[:LONGEST_KIND])
        known = whole.get(kind, 0)
        whole[kind] = None if number is None or known is None else known + number
    if (
        not more
        or len(whole) > MOST_KINDS
        or any((number or 0) > MOST_EFFECTS for number in whole.values())
    ):
        raise refused(
            "no_kind", what=f"run {run_id}", kind=", ".join(more)[:LONGEST_KIND]
        )
    return dict(sorted(whole.items()))
