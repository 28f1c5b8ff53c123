"""Limits: what a run, a job and a tenant may spend, as people set and raise them.

A hard limit is never passed: what does not fit is refused. It cannot be set below what is spent and
reserved, so no budget ever stands beyond its limit. A soft limit stops nothing: that it was passed
is recorded once, and is a fact for the policy from then on.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
from sqlalchemy import RowMapping, insert, select, update

from interlock.runtime.canonical import canonical
from interlock.runtime.errors import NotFound
from interlock.runtime.policy.request import Amounts, Level
from interlock.runtime.record import spend
from interlock.runtime.record.events import LimitPassed, LimitRaised, LimitSet
from interlock.runtime.record.spend import MOVED, NO_LIMIT, TENANT, of_tenant
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.store.tables import KINDS
from interlock.runtime.run import level, turn
from interlock.runtime.run.refusal import refused

_BUDGETS: Final = tables.budget.c
_NEW: Final = Statement(insert(tables.budget))
#: What the column `soft` of a budget without soft limits holds
NO_SOFT: Final = spend.NO_SOFT["soft"]


def create(
    tx: Tx,
    *,
    budget_id: str,
    tenant: str,
    limits: Amounts,
    job: str = "",
    is_shadow: bool = False,
) -> None:
    """Make the budget of a run with nothing spent; raises `NotFound` for a *job* without one."""
    if job:
        level.read(tx.connection, job)
    _insert(
        tx,
        budget_id,
        tenant=tenant,
        limits=limits.counts(),
        of_level="run",
        parent=above(tenant, job=job, is_shadow=is_shadow),
    )


def above(tenant: str, *, job: str, is_shadow: bool) -> str | None:
    """Return the budget that pays for a run, too; None for a shadow, for which nobody asked."""
    if is_shadow:
        return None
    return job or of_tenant(tenant)


def create_for_job(tx: Tx, *, job: str, tenant: str, limits: Mapping[str, int]) -> None:
    """Make the budget of a job with nothing spent; a kind without a limit is not limited."""
    _insert(
        tx,
        job,
        tenant=tenant,
        limits=dict.fromkeys(KINDS, NO_LIMIT) | dict(limits),
        of_level="job",
        parent=of_tenant(tenant),
    )


def raise_limit(
    tx: Tx,
    *,
    budget_id: str,
    kind: str,
    amount: int,
    action_id: str | None = None,
    by: str | None = None,
) -> None:
    """Add *amount* to one limit and record who did: the person *by*, or an action.

    Raises `NotFound` for an unknown kind or budget, and `BadInput` for a kind that is not limited
    ("not_limited").
    """
    row = _locked(tx, budget_id, kind)
    column = f"limit_{kind}"
    raised = row[column] + amount
    if raised >= NO_LIMIT:
        raise refused("not_limited", what=f"budget {budget_id}", kind=kind)
    _change(tx, budget_id, {column: raised})
    turn.raised(tx, row)
    tx.events.append(
        LimitRaised(
            log=row["tenant"],
            run_id=_run_of(row),
            budget=budget_id,
            kind=kind,
            amount=amount,
            action=action_id,
            by=by,
        )
    )


def set_limit(
    tx: Tx,
    *,
    budget_id: str,
    kind: str,
    limit: int | None,
    soft: bool,
    by: str,
) -> None:
    """Set one hard or *soft* limit, or take it away (None), and record that the person *by* did.

    A tenant's first limit begins its budget, with all that its runs and jobs have spent. Raises
    `NotFound` for an unknown kind or budget, and `BadInput` for a hard limit below what is spent
    and reserved ("below_spend").
    """
    row = _locked(tx, budget_id, kind, begin=True)
    hard = NO_LIMIT if limit is None else limit
    taken = sum(row[f"{group}_{kind}"] for group in MOVED)
    if not soft and hard < taken:
        what = f"budget {budget_id}"
        raise refused("below_spend", what=what, kind=kind, taken=taken)
    changed = _soft(row, kind, limit) if soft else {f"limit_{kind}": hard}
    _change(tx, budget_id, changed)
    turn.raised(tx, row)
    tx.events.append(
        LimitSet(
            log=row["tenant"],
            run_id=_run_of(row),
            budget=budget_id,
            kind=kind,
            limit=limit,
            soft=soft,
            by=by,
        )
    )
    tell_passed(tx, [budget_id])


def check_kind(kind: str) -> None:
    """Raise `NotFound` unless there is such a kind."""
    if kind not in KINDS:
        raise NotFound(
            kind="budget kind",
            name=kind,
            next_step=f"Kinds are {', '.join(KINDS)}.",
        )


def tell_passed(tx: Tx, budget_ids: Iterable[str]) -> None:
    """Record once of each soft limit of these budgets that more is spent than it says."""
    for budget_id in budget_ids:
        row = _row(tx, budget_id)
        if row is not None:
            _tell_passed(tx, row)


def _tell_passed(tx: Tx, row: RowMapping) -> None:
    before = orjson.loads(row["passed"])
    crossed = {
        kind: amount
        for kind, amount in orjson.loads(row["soft"]).items()
        if row[f"spent_{kind}"] > amount and kind not in before
    }
    if not crossed:
        return
    passed = canonical(sorted([*before, *crossed])).decode()
    _change(tx, row["id"], {"passed": passed})
    for kind, amount in crossed.items():
        tx.events.append(
            LimitPassed(
                log=row["tenant"],
                run_id=_run_of(row),
                budget=row["id"],
                kind=kind,
                limit=amount,
            )
        )


def _soft(row: RowMapping, kind: str, limit: int | None) -> dict[str, Any]:
    """Return the columns with another soft limit: nobody has passed the limit yet."""
    soft = orjson.loads(row["soft"])
    soft.pop(kind, None)
    if limit is not None:
        soft[kind] = limit
    passed = sorted(set(orjson.loads(row["passed"])) - {kind})
    return {"soft": canonical(soft).decode(), "passed": canonical(passed).decode()}


def _insert(
    tx: Tx,
    budget_id: str,
    *,
    tenant: str,
    limits: Mapping[str, int],
    of_level: Level,
    parent: str | None,
) -> None:
    row: dict[str, Any] = {
        "id": budget_id,
        "tenant": tenant,
        "level": of_level,
        "parent": parent,
        **spend.NO_SOFT,
    }
    row |= {f"limit_{kind}": amount for kind, amount in limits.items()}
    row |= {f"{group}_{kind}": 0 for group in MOVED for kind in KINDS}
    _NEW.run(tx.connection, row)


def _locked(tx: Tx, budget_id: str, kind: str, *, begin: bool = False) -> RowMapping:
    """Return the budget's row, locked; with *begin* a tenant's is made where there is none."""
    check_kind(kind)
    row = _row(tx, budget_id)
    if row is None and begin and budget_id.startswith(TENANT):
        new = level.tenant_row(tx.connection, budget_id.removeprefix(TENANT))
        _NEW.run(tx.connection, new)
        row = _row(tx, budget_id)
    if row is None:
        raise level.not_there(budget_id)
    return row


def _row(tx: Tx, budget_id: str) -> RowMapping | None:
    query = select(tables.budget).where(_BUDGETS.id == budget_id).with_for_update()
    return tx.connection.execute(query).mappings().one_or_none()


def _change(tx: Tx, budget_id: str, values: dict[str, Any]) -> None:
    changed = update(tables.budget).where(_BUDGETS.id == budget_id)
    tx.connection.execute(changed.values(values))


def _run_of(row: RowMapping) -> str:
    """Return the run in whose chain the entry belongs: none for a job and a tenant."""
    return str(row["id"]) if row["level"] == "run" else ""
