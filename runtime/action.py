"""The state of each action, and the transactions that move it.

    proposed -> denied
             -> waiting -> started | denied
             -> started -> done | failed | unknown
             -> done | failed            (pure and read actions: one transaction with the step's checkpoint)

Every move is one compare-and-set together with its ledger entry; a move whose row is not in the expected state fails
and nothing is written. "unknown" is shown to a person and never retried by itself.
"""

import time
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal, TypeAlias

import orjson
from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from interlock.runtime import approval, budget, kill_switch
from interlock.runtime.canonical import Json, canonical
from interlock.runtime.decision import Decision, Reason
from interlock.runtime.errors import GuardFailed
from interlock.runtime.provenance import Label
from interlock.runtime.request import AccessRequest, Amounts, ApprovalFact
from interlock.runtime.run import Run, check, label_of
from interlock.runtime.store import Event, Tx
from interlock.runtime.store import schema as t
from interlock.runtime.vault import DataKey

State: TypeAlias = Literal["denied", "waiting", "started", "done", "failed", "unknown"]
_c = t.action.c
_STATE: Final = select(_c.state).where(_c.id == bindparam("action")).with_for_update()
_CHANGE: Final = update(t.action).where(_c.id == bindparam("action"))
_MOVE: Final = _CHANGE.where(_c.state == bindparam("from_state"))
_ADD: Final = insert(t.action)
#: What `found` reads
COLUMNS: Final = (_c.id, _c.run_id, _c.tool, _c.action_class, _c.state, _c.fence, _c.effect, _c.reasons, _c.result)


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """One recorded action."""

    id: str
    run_id: str
    tool: str
    action_class: str
    state: State
    fence: int
    effect: str
    reasons: tuple[Reason, ...]
    result: bytes | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One proposal being carried through: the run, its key, what was asked and what was decided."""

    run: Run
    key: DataKey
    id: str
    request: AccessRequest
    decision: Decision
    idempotent: bool
    now: int
    #: The run's label when the facts were gathered
    held: Label

    @property
    def label(self) -> Label:
        """The label of everything the proposal was made of: the join of its arguments' labels."""
        label = Label(integrity="trusted", confidentiality="public")
        for each in self.request.context.labels.values():
            label = label.join(each)
        return label

    @property
    def verdict(self) -> str | None:
        """The approval this action would use, if the request has a live one."""
        return next((fact.id for fact in self.request.context.approvals if self._is_live(fact)), None)

    def _is_live(self, fact: ApprovalFact) -> bool:
        fresh = not fact.used and fact.expires > self.now and fact.revision == self.decision.revision
        return fresh and fact.verdict == "approved"

    def refused(self, reason: Reason) -> "Step":
        """Return the same step, denied by the runtime itself."""
        return replace(self, decision=replace(self.decision, effect="deny", reasons=(reason,), obligations=()))

    def event(self, event: str, state: State, **more: Json) -> Event:
        """Return the ledger event of this step: codes and commitments in the body, content in the payload."""
        request, decision = self.request, self.decision
        body: dict[str, Json] = {
            "action": self.id, "tool": request.action.tool, "class": request.action.action_class, "state": state,
            "effect": decision.effect, "codes": [reason.code for reason in decision.reasons],
            "revision": decision.revision, "engine": decision.engine, "bind": self.key.commit(request.digest.encode()),
        }  # fmt: skip
        asked = request.document()
        payload: dict[str, Json] = {
            "principal": asked["principal"], "arguments": request.action.arguments, "resource": asked["resource"],
            "context": asked["context"], "reasons": [_plain(reason) for reason in decision.reasons],
        }  # fmt: skip
        return Event(run_id=self.run.id, event=event, body=body | more, payload=payload)


def found(row: RowMapping, key: DataKey) -> Action | None:
    """Return the action in *row*, which has `COLUMNS`, or None when they are empty: it was never proposed."""
    return None if row["id"] is None else _of(row, key)


def of_run(connection: Connection, run_id: str, key: DataKey) -> list[Action]:
    """Return every action of the run in the order they were proposed."""
    rows = connection.execute(select(*COLUMNS).where(_c.run_id == run_id).order_by(_c.ordinal))
    return [_of(row, key) for row in rows.mappings()]


def deny(tx: Tx, step: Step) -> None:
    """Record a refusal and count it against the run."""
    check(tx, step.run)
    _put(tx, step, "denied", before=_moving(tx, step, None, "waiting"))
    budget.release(tx, action_id=step.id)
    tx.connection.execute(update(t.run).where(t.run.c.id == step.run.id).values(refusals=t.run.c.refusals + 1, updated=step.now))
    tx.events.append(step.event("decision", "denied"))


def wait(tx: Tx, step: Step) -> None:
    """Record that the action waits for a person."""
    check(tx, step.run)
    _put(tx, step, "waiting", before=_moving(tx, step, None, "waiting"))
    tx.events.append(step.event("decision", "waiting"))


def start(tx: Tx, step: Step, *, approval_id: str | None) -> str | None:
    """Record the intent, durable before the act; return a reason code instead when it may not start after all.

    Reserves the cost and spends the approval in the same transaction.
    """
    check(tx, step.run)
    state = _state(tx, step)
    again = state == "started"
    if state not in {None, "waiting"} and not (again and step.idempotent):
        return "already_started"
    tool = step.request.action.tool
    if kill_switch.covered(tx.connection, tenant=step.run.tenant, tool=tool, run_id=step.run.id):
        return "killed"  # engaged since the policy was asked
    if not budget.reserve(tx, budget_id=step.run.budget_id, action_id=step.id, cost=step.request.context.cost):
        return "budget_exceeded"
    if approval_id is not None and not again and not approval.use(tx, approval_id=approval_id, action_id=step.id):
        return "approval_gone"
    _put(tx, step, "started", before=state)
    more: dict[str, Json] = {"approval": approval_id, "idempotent": step.idempotent, "fence": step.run.fence}
    tx.events.append(step.event("intent", "started", **more))
    return None


def finish(tx: Tx, step: Step, *, state: State, result: bytes | None, actual: Amounts, label: Label) -> None:
    """Record the outcome of a started action, settle its cost and join its label to the run."""
    check(tx, step.run)
    values = {"state": state, "result": _sealed(step, result), "updated": step.now}
    if tx.connection.execute(_MOVE, {"action": step.id, "from_state": "started"} | values).rowcount != 1:
        raise _elsewhere(step)
    budget.settle(tx, action_id=step.id, actual=actual)
    _join(tx, step, label)
    tx.events.append(step.event("outcome", state, spent=asdict(actual)))


def complete(tx: Tx, step: Step, *, state: State, result: bytes | None, actual: Amounts, label: Label) -> None:
    """Record a pure or read action whole; raises `GuardFailed` when parallel steps have used up what it was to cost."""
    check(tx, step.run)
    before = _moving(tx, step, None, "waiting")
    if not budget.charge(tx, budget_id=step.run.budget_id, cost=step.request.context.cost, actual=actual):
        raise GuardFailed(
            guard=f"budget {step.run.budget_id}",
            why=f"{step.request.action.tool} does not fit any more",
            next_step="Raise the limit, then resume the run.",
        )
    _put(tx, step, state, before=before, result=result)
    _join(tx, step, label)
    tx.events.append(step.event("step", state, spent=asdict(actual)))


def _state(tx: Tx, step: Step) -> State | None:
    """Return the state the action is in, or None when it is new; holds its row until the transaction ends."""
    state: State | None = tx.connection.execute(_STATE, {"action": step.id}).scalar_one_or_none()
    return state


def _moving(tx: Tx, step: Step, *states: State | None) -> State | None:
    """Return the state the action moves from; raises `GuardFailed` when that is none of *states* (fails closed)."""
    if (state := _state(tx, step)) not in states:
        raise _elsewhere(step)
    return state


def _elsewhere(step: Step) -> GuardFailed:
    why = "it is not in the state it was to be moved from"
    return GuardFailed(guard=f"action {step.id}", why=why, next_step="Look with `interlock run show`.")


def _put(tx: Tx, step: Step, state: State, *, before: State | None, result: bytes | None = None) -> None:
    reasons = canonical([_plain(reason) for reason in step.decision.reasons])
    values: dict[str, Any] = {
        "state": state, "fence": step.run.fence, "effect": step.decision.effect, "result": _sealed(step, result),
        "reasons": step.key.seal(reasons, place=f"action/{step.id}/reasons"), "updated": step.now,
    }  # fmt: skip
    if before is not None:
        tx.connection.execute(_CHANGE, {"action": step.id} | values)
        return
    action = step.request.action
    values |= {
        "id": step.id, "run_id": step.run.id, "tool": action.tool, "action_class": action.action_class,
        "digest": step.request.digest, "created": step.now, "ordinal": time.time_ns() // 1000,
    }  # fmt: skip
    tx.connection.execute(insert(t.action), values)


def _plain(reason: Reason) -> dict[str, Json]:
    return {"code": reason.code, "rule": reason.rule, "parameters": reason.parameters, "message": reason.message}


def _sealed(step: Step, result: bytes | None) -> bytes | None:
    return None if result is None else step.key.seal(result, place=f"action/{step.id}")


def _join(tx: Tx, step: Step, label: Label) -> None:
    if step.held.join(label) == step.held:
        return  # labels only grow, so what was held then is held now
    run = step.run
    held = tx.connection.execute(select(t.run.c.label).where(t.run.c.id == run.id)).scalar_one()
    joined = canonical(asdict(label_of(held).join(label))).decode()
    if joined != held:
        tx.connection.execute(update(t.run).where(t.run.c.id == run.id).values(label=joined))


def _of(row: RowMapping, key: DataKey) -> Action:
    def opened(column: str, place: str) -> bytes | None:
        sealed = row[column]
        return key.open(sealed, place=place) if isinstance(sealed, bytes) else None

    reasons = orjson.loads(opened("reasons", f"action/{row['id']}/reasons") or b"[]")
    kept = {name: row[name] for name in ("id", "run_id", "tool", "action_class", "state", "fence", "effect")}
    result = opened("result", f"action/{row['id']}")
    return Action(**kept, reasons=tuple(Reason(**each) for each in reasons), result=result)
