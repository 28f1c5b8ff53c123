"""The information point: the facts of one request, and none of them from the agent."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from sqlalchemy import Connection, bindparam, select

from interlock.runtime.canonical import Json
from interlock.runtime.door.earlier import done_before
from interlock.runtime.door.labels import Proofs
from interlock.runtime.door.plan.proofs import read_plan
from interlock.runtime.door.proposal import Proposal
from interlock.runtime.door.results import read_results
from interlock.runtime.door.told import told
from interlock.runtime.door.tool import AnyTool, Tools
from interlock.runtime.door.unread.facts import unread
from interlock.runtime.errors import NotFound
from interlock.runtime.policy.asked import Reader
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.engine.wording import vocabulary_of
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import (
    FACTS,
    AccessRequest,
    ApprovalFact,
    Context,
    RunFacts,
    UnreadFacts,
    request_digest,
)
from interlock.runtime.policy.spoken import texts_of
from interlock.runtime.policy.words import Words
from interlock.runtime.record.store import Store, tables
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run import (
    approval,
    approval_facts,
    done,
    edit,
    expiry,
    kill_switch,
    level,
    recorded_action,
)
from interlock.runtime.run.attempt import Attempt, about
from interlock.runtime.run.recorded_action import RecordedAction
from interlock.runtime.run.run import Run, label_of

#: Everything but verdicts in one question; more than one row when more than one kill switch covers
#: the request
_ROWS: Final = Statement(
    select(
        tables.run.c.refusals,
        tables.run.c.label,
        tables.run.c.intent,
        done.NAMED.label("effects"),
        done.HERE.label("tools_here"),
        done.PLANS.label("plans"),
        *level.AMOUNTS,
        *level.OWN,
        edit.REJECTIONS.label("rejections"),
        approval.OPEN_OF_RUN.label("open_of_run"),
        approval.OPEN_OF_TENANT.label("open_of_tenant"),
        *recorded_action.COLUMNS,
        tables.kill_switch.c.scope.label("kill_scope"),
        tables.kill_switch.c.id.label("kill_id"),
    )
    .select_from(tables.run)
    .join(tables.budget, tables.budget.c.id == tables.run.c.budget_id)
    .outerjoin(tables.action, tables.action.c.id == bindparam("action"))
    .outerjoin(
        tables.reservation, tables.reservation.c.action_id == bindparam("action")
    )
    .outerjoin(tables.kill_switch, kill_switch.COVERS)
    .where(tables.run.c.id == bindparam("run"))
)
_LABEL: Final = Statement(
    select(tables.run.c.label).where(tables.run.c.id == bindparam("run"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """The context for the policy, and what the enforcement point itself must know of the action."""

    context: Context
    #: The label of everything the run has read so far
    run_label: Label
    #: The action as it is recorded, or None when it was never proposed
    row: RecordedAction | None
    #: The other effects of the run, each by its name
    effects: frozenset[str]
    #: The approval that the action waits for
    open_approval: str | None = None
    #: The approval on which nobody decided in time; empty for none
    lapsed: str = ""
    #: The arguments that a person would agree to, who rejected the action; None for none
    proposed: Mapping[str, Json] | None = None

    def attempt(self, run: Run, proposal: Proposal, *, key: DataKey) -> Attempt:
        """Return the proposal as an attempt under these facts, not yet decided."""
        request = AccessRequest(
            principal=run.principal,
            action=proposal.action,
            resource=proposal.resource,
            context=self.context,
        )
        return Attempt(
            run=run,
            key=key,
            id=proposal.id,
            request=request,
            idempotent=proposal.tool is not None and proposal.tool.repeatable,
            time_ms=self._time_ms(proposal.tool),
            now=self.context.now,
            run_label=self.run_label,
            effects=self.effects,
            row=self.row,
            open_approval=self.open_approval,
            lapsed=self.lapsed,
            proposed=self.proposed,
            undoes=proposal.undoes,
        )

    def _time_ms(self, tool: AnyTool | None) -> int:
        """Return how long the action may take, which is nothing for a call of no tool.

        An effect is given its deadline, and does not begin unless that can be set aside. What was
        begun before has set its time aside.
        """
        if tool is None:
            return 0
        deadline = math.ceil(tool.deadline_s * 1000)
        begun = self.row is not None and self.row.state == "started"
        if tool.has_effect or begun:
            return deadline
        left, _ = self.context.time_left()
        return max(0, min(deadline, left))


class InformationPoint:
    """Gathers facts from the database and its clock; lives with its store and caches nothing."""

    def __init__(
        self,
        store: Store,
        tools: Tools,
        *,
        spoken: Mapping[str, frozenset[str]],
    ) -> None:
        self._store = store
        self._tools = tools
        self._spoken = spoken
        self.read_by(None)

    def read_by(self, bundle: Bundle | None) -> None:
        """Read words by the vocabulary of this policy from now on; without one they ask nothing."""
        self._reader = Reader(vocabulary_of(bundle))

    async def current(self, run: Run, tool: AnyTool | None) -> Run:
        """Return *run* with the label that it has by now, where *tool* asks who calls."""
        if tool is None or tool.target is None:
            return run
        await self._store.durable(run.claim)
        row = await self._store.look(
            lambda connection: _LABEL.one(connection, {"run": run.id})
        )
        return run if row is None else replace(run, label=label_of(row["label"]))

    async def facts(
        self,
        run: Run,
        proposal: Proposal,
        *,
        key: DataKey,
        told: Mapping[str, int],
    ) -> Facts:
        """Return the facts about one proposal; raises `NotFound` when the run's row is gone."""
        place = {
            "run": run.id,
            "action": proposal.id,
            "of_tenant": run.tenant,
            "of_tool": proposal.action.tool,
            "of_run": run.id,
            "about": about(key, proposal.resource),
        }

        def look(connection: Connection) -> Facts:
            now = self._store.now(connection)
            rows = _ROWS.all(connection, place | {"at": now})
            if not rows:
                raise NotFound(
                    kind="run",
                    name=run.id,
                    next_step="Its row or its budget is gone: restore the database.",
                )
            return _facts(
                connection,
                run,
                proposal,
                proofs_of=partial(
                    self._proofs,
                    connection,
                    run,
                    proposal,
                    key=key,
                ),
                rows=rows,
                key=key,
                now=now,
                unread_of=partial(unread, connection, run, proposal, earlier=told),
            )

        return await self._store.look(look)

    def _proofs(
        self,
        connection: Connection,
        run: Run,
        proposal: Proposal,
        row: Row,
        *,
        key: DataKey,
    ) -> Proofs:
        """Return what proves the arguments; results are read only where one is asked for."""
        run_label = label_of(row["label"])
        is_planned = row["plans"] > 0
        texts = texts_of(run.request, self._spoken.get(run.agent, frozenset()))
        words = Words(texts)
        return Proofs(
            request=run.request,
            words=words,
            asked=partial(self._reader.asked, texts.values()),
            tool=proposal.tool,
            run_label=run_label,
            results=partial(
                read_results,
                connection,
                run,
                key=key,
                tools=self._tools,
                words=words,
                run_label=run_label,
                is_planned=is_planned,
            ),
            plan=partial(read_plan, run, tools=self._tools) if is_planned else None,
            unread=None if proposal.given is None else proposal.given.labels,
        )


def _facts(
    connection: Connection,
    run: Run,
    proposal: Proposal,
    *,
    proofs_of: Callable[[Row], Proofs],
    rows: Sequence[Row],
    key: DataKey,
    now: int,
    unread_of: Callable[[], UnreadFacts],
) -> Facts:
    row = rows[0]
    recorded = recorded_action.found(row, key)
    edits = _edits(connection, run, proposal, row, key)
    context = Context(
        now=now,
        run=_run_facts(run, row),
        **told(proposal, proofs_of(row)),
        **level.facts_for(connection, row),
        open_approvals=approval.open_facts(row),
        approvals=_verdicts(connection, run, proposal, recorded, key),
        editors=edit.editors(edits),
        kill_switches=kill_switch.facts(rows),
        **done_before(connection, run, proposal, row, key),
        unread=unread_of(),
        version=FACTS,
    )
    return _waiting(
        Facts(
            context=context,
            run_label=label_of(row["label"]),
            row=recorded,
            effects=done.effects(row),
            proposed=edit.proposed(edits, action_id=proposal.id),
        ),
        connection,
        proposal.id,
    )


def _waiting(facts: Facts, connection: Connection, action_id: str) -> Facts:
    """Return the facts with where the question stands, if there is one about the action."""
    if facts.row is None or facts.row.state != "waiting":
        return facts
    now = facts.context.now
    return replace(
        facts,
        open_approval=approval.waiting(connection, action_id=action_id),
        lapsed=expiry.lapsed(connection, action_id=action_id, now=now),
    )


def _edits(
    connection: Connection, run: Run, proposal: Proposal, row: Row, key: DataKey
) -> tuple[edit.Edit, ...]:
    if not row["rejections"]:
        return ()
    return edit.edits(connection, key, run_id=run.id, tool=proposal.action.tool)


def _run_facts(run: Run, row: Row) -> RunFacts:
    return RunFacts(
        id=run.id,
        agent=run.agent,
        autonomy=run.autonomy,
        refusals=row["refusals"],
        revision=run.revision,
        label=label_of(row["label"]),
        shadow=bool(run.shadow),
    )


def _verdicts(
    connection: Connection,
    run: Run,
    proposal: Proposal,
    recorded: RecordedAction | None,
    key: DataKey,
) -> tuple[ApprovalFact, ...]:
    if recorded is None:
        return ()  # what was never proposed was never put before anyone
    return approval_facts.facts(
        connection,
        key,
        run_id=run.id,
        action_id=proposal.id,
        digest=request_digest(run.principal, proposal.action, proposal.resource),
        is_open=recorded.state == "started",
    )
