"""The information point: the facts of one request, all from the database and the clock, none from the agent."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, select

from interlock.runtime.canonical import Json
from interlock.runtime.errors import NotFound
from interlock.runtime.policy.label import TRUSTED, Label
from interlock.runtime.policy.request import (
    FACTS,
    Action,
    Amounts,
    ApprovalFact,
    Context,
    KillFact,
    Resource,
    RunFacts,
    request_digest,
)
from interlock.runtime.record.store import Store, tables
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run import approval, budget, kill_switch, recorded_action
from interlock.runtime.run.run import Run, label_of

#: Everything but verdicts in one question; more than one row when more than one kill switch covers
#: the request
_FACTS: Final = Statement(
    select(
        tables.run.c.refusals,
        tables.run.c.label,
        *budget.AMOUNTS,
        *recorded_action.COLUMNS,
        tables.kill_switch.c.scope.label("kill_scope"),
        tables.kill_switch.c.id.label("kill_id"),
    )
    .select_from(tables.run)
    .join(tables.budget, tables.budget.c.id == tables.run.c.budget_id)
    .outerjoin(tables.action, tables.action.c.id == bindparam("action"))
    .outerjoin(tables.kill_switch, kill_switch.COVERS)
    .where(tables.run.c.id == bindparam("run"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """The context for the policy, and what the enforcement point itself must know of the action."""

    context: Context
    #: The label of everything the run has read so far
    held: Label
    known: recorded_action.RecordedAction | None
    #: The approval that is being waited for
    open_approval: str | None
    #: A reviewer was asked and did not answer in time
    lapsed: bool


class InformationPoint:
    """Gathers facts; lives as long as its store and caches nothing, so what it says is as fresh as the database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def facts(
        self,
        run: Run,
        *,
        key: DataKey,
        action_id: str,
        proposed: Action,
        resource: Resource,
        cost: Amounts,
        valid: bool,
        tool_schema: str | None,
    ) -> Facts:
        """Return the facts about one proposed action of *run*."""
        digest = request_digest(run.principal, proposed, resource)
        asked_for = {
            "run": run.id,
            "action": action_id,
            "of_tenant": run.tenant,
            "of_tool": proposed.tool,
            "of_run": run.id,
        }

        def look(connection: Connection) -> Facts:
            now = self._store.now(connection)
            rows = _FACTS.all(connection, asked_for)
            if not rows:
                raise NotFound(
                    kind="run",
                    name=run.id,
                    next_step="Its row or its budget is gone: restore the database.",
                )
            label, known = label_of(rows[0]["label"]), recorded_action.found(rows[0], key)
            context = Context(
                now=now,
                run=_run(run, refusals=rows[0]["refusals"]),
                schema_valid=valid,
                labels=labels(proposed.arguments, request=run.request, held=label),
                cost=cost,
                budget=budget.facts(rows[0]),
                approvals=_verdicts(connection, key, known, digest),
                kill_switches=_switches(rows),
                tool_schema=tool_schema,
                version=FACTS,
            )
            waiting = known is not None and known.state == "waiting"
            lapsed = waiting and approval.lapsed(connection, action_id=action_id, now=now)
            asked = approval.waiting(connection, action_id=action_id) if waiting else None
            return Facts(
                context=context, held=label, known=known, open_approval=asked, lapsed=lapsed
            )

        return await self._store.read(look)


def _verdicts(
    connection: Connection, key: DataKey, known: recorded_action.RecordedAction | None, digest: str
) -> tuple[ApprovalFact, ...]:
    if known is None:
        return ()  # what was never proposed was never put before anyone
    is_open = known.state == "started"
    return approval.facts(
        connection, key, run_id=known.run_id, action_id=known.id, digest=digest, is_open=is_open
    )


def _switches(rows: Sequence[Row]) -> tuple[KillFact, ...]:
    engaged = sorted(
        (row["kill_scope"], row["kill_id"]) for row in rows if row["kill_scope"] is not None
    )
    return tuple(KillFact(scope=scope, id=name) for scope, name in engaged)


def _run(run: Run, *, refusals: int) -> RunFacts:
    return RunFacts(
        id=run.id, agent=run.agent, autonomy=run.autonomy, refusals=refusals, revision=run.revision
    )


def labels(
    arguments: dict[str, Json], *, request: dict[str, Json], held: Label
) -> dict[str, Label]:
    """Return each argument's label.

    A value is trusted only when every key, string and number in it stands literally in the
    principal's own request; anything else may have been computed from whatever the run has read, so
    it gets the label the run holds. Value-based, so a planner cannot launder a value by rewriting
    it, and repeating the principal's own value harms nobody.
    """
    trusted = {leaf for value in request.values() for leaf in _leaves(value)}
    return {
        name: TRUSTED if set(_leaves(value)) <= trusted else held
        for name, value in arguments.items()
    }


def _leaves(value: Json) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield f"str:{name}"
            yield from _leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    else:
        yield f"{type(value).__name__}:{value}"
