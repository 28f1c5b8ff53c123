"""How guards are taken away whose absence the guarantees do not try."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, select, update

from interlock.evals.guarantees.door import UNWATCHED
from interlock.evals.guarantees.patch import (
    Break,
    Patch,
    both,
    never,
    nothing,
    replacing,
    yes,
)
from interlock.runtime.door.enforcement import EnforcementPoint
from interlock.runtime.policy.request import Amounts, ApprovalFact, identity
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run import (
    action,
    approval,
    approval_facts,
    budget,
    settlement,
    verdict,
)
from interlock.runtime.run.attempt import Attempt
from interlock.runtime.run.run import Run
from interlock.runtime.run.transition import move

_APPROVALS: Final = tables.approval.c


def facts_with(**changes: Any) -> Break:
    """Return what tells the policy the same of every verdict, such as who gave it."""

    def take_away(patch: Patch) -> None:
        fact = approval_facts._fact  # noqa: SLF001 - a guard taken apart

        def told(*given: Any, **more: Any) -> ApprovalFact:
            return replace(fact(*given, **more), **changes)

        patch.put(approval_facts, "_fact", told)

    return take_away


def _of_the_run(
    connection: Connection, key: DataKey, *, run_id: str, **_: Any
) -> tuple[ApprovalFact, ...]:
    """Return every verdict of the run, on whatever it was given and whatever it served."""
    query = select(tables.approval).where(_APPROVALS.run_id == run_id)
    rows = connection.execute(query).mappings().all()
    facts: list[ApprovalFact] = []
    for row in rows:
        facts += approval_facts._facts(connection, key, row, is_open=True)  # noqa: SLF001 - as above
    return tuple(facts)


def _last_wins(tx: Tx, key: Any, row: Any, deed: Any, **more: Any) -> Any:
    """Let each verdict take the place of the one before."""
    here = update(tables.approval).where(_APPROVALS.id == row["id"])
    tx.connection.execute(here.values(state="waiting"))
    return _DECIDE(tx, key, row, deed, **more)


def _tolerant(self: EnforcementPoint, run: Run, *, tool: str, **options: Any) -> Any:
    """Find the tool that is meant, in whatever letters it is written."""
    meant = identity(tool.replace("\u2024", ".").strip("\x00"))
    return _ENFORCE(
        self,
        run,
        tool=meant,
        **options,
    )


def charge_effect(tx: Tx, step: Attempt) -> dict[str, int]:
    """Charge a refusal what the refused effect would have cost."""
    effect = Amounts(
        steps=1,
        effects=1,
    )
    budget.charge(
        tx,
        budget_id=step.run.budget_id,
        cost=effect,
        actual=effect,
    )
    return effect.counts()


def _whenever(tx: Tx, action_id: str, _: str, to: Any, **values: Any) -> bool:
    """Move an action on from wherever it stands."""
    return move(tx, action_id, "unknown", to, **values)


_ENFORCE: Final[Callable[..., Any]] = EnforcementPoint.enforce
_DECIDE: Final[Callable[..., Any]] = verdict._decide  # noqa: SLF001 - a guard taken apart
#: Tools are found by what a name looks like
TOLERANT: Final = replacing(EnforcementPoint, "enforce", _tolerant)
#: A verdict says yes to the run, not to one call
UNBOUND: Final = both(
    replacing(approval_facts, "facts", _of_the_run),
    replacing(approval, "use", yes),
    UNWATCHED,
)
LAST_WINS: Final = both(
    UNWATCHED,
    replacing(verdict, "_object", nothing),
    replacing(verdict, "_decide", _last_wins),
)
#: Whoever it was is somebody else
OTHERS: Final = both(
    replacing(verdict, "four_eyes", nothing),
    facts_with(
        reviewer="somebody",
        reviewer_roles=("reviewer",),
    ),
)
#: What was done is not looked up, and may be begun again
FORGOTTEN: Final = both(
    replacing(EnforcementPoint, "_recorded", never),
    replacing(action, "UNDECIDED", (None, "waiting", "reopened", "started", "done")),
    UNWATCHED,
)
#: Whoever lost a run goes on writing for it
UNFENCED: Final = both(
    replacing(action, "check", nothing),
    replacing(action, "move", _whenever),
    replacing(settlement, "_late", nothing),
    UNWATCHED,
)
