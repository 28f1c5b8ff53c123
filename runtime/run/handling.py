"""Handling: what people do about a question besides deciding on it, each a step and an entry.

    claim, release      somebody is looking at it; for a quarter of an hour, as a courtesy to others
    delegate            a named person is asked to decide
    escalate            the people of a role above are asked, where the policy names such a role
    ask back, answer    a question to whoever asked for it, and the answer

None of it entitles anybody: who may decide is looked at with each verdict, and a claim keeps nobody
from deciding. None of it moves the deadline. Every check fails closed.
"""

from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, TypeAlias, assert_never

from sqlalchemy import RowMapping, update

from interlock.runtime.policy.request import Principal, identity
from interlock.runtime.record.events import ApprovalStepped
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.vault import DataKey, Vault
from interlock.runtime.run import approval_step, quorum
from interlock.runtime.run.approval_step import Deed
from interlock.runtime.run.erasure import key_of
from interlock.runtime.run.question import Approval, filled, open_now, opened, row_named
from interlock.runtime.run.quorum import Quorum, Seat
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.verdict import keep_editors_apart, seat_of

#: Seconds for which a claim lasts
CLAIM_S: Final = 900


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """Somebody begins to look at it, or says that nobody does any more."""

    kind: Literal["claimed", "released"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Delegation:
    """Somebody else is asked to decide, and why."""

    to: Principal
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Escalation:
    """The people of a role above are asked, and why."""

    to: str
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Inquiry:
    """Whoever asked for it is asked something, or answers."""

    kind: Literal["asked", "answered"]
    note: str


Handling: TypeAlias = Look | Delegation | Escalation | Inquiry


@dataclass(frozen=True, kw_only=True, slots=True)
class _Desk:
    """One approval, locked until the transaction ends, and who stands before it."""

    tx: Tx
    row: RowMapping
    key: DataKey
    approval: Approval
    person: Principal

    def refuse_claimed(self) -> None:
        """Raise `BadInput` ("already_claimed") while somebody else looks at it."""
        claim = approval_step.claim(self.approval.steps, now=self.tx.now)
        if claim is None or identity(claim.person) == identity(self.person.id):
            return
        raise refused(
            "already_claimed",
            what=f"approval {self.approval.id}",
            person=claim.person,
            seconds=claim.until - self.tx.now,
        )

    def entitled(self, note: str | None = None) -> Seat:
        """Return the seat the person could fill; raises as `could_decide` does."""
        return self.could_decide(self.person, note=note)

    def could_decide(
        self,
        person: Principal,
        *,
        note: str | None = None,
    ) -> Seat:
        """Return the seat that *person* could fill.

        Raises as `verdict.seat_of` and `verdict.keep_editors_apart` do.
        """
        seat = seat_of(self.approval, person, note=note)
        keep_editors_apart(
            self.tx,
            self.key,
            self.approval,
            person,
        )
        return seat

    @property
    def deed(self) -> partial[Deed]:
        """What makes a deed of the person."""
        return partial(
            Deed,
            person=self.person.id,
            roles=self.person.roles,
        )

    def add(self, deed: Deed, *, seats: Quorum | None = None) -> None:
        """Write the step, its entry, and whom is asked from now on."""
        seats = seats or self.approval.quorum
        role = quorum.unfilled(seats, filled(self.approval.steps))[0].by
        changed = update(tables.approval).where(tables.approval.c.id == self.row["id"])
        values = {"quorum": quorum.written(seats), "role": role}
        self.tx.connection.execute(changed.values(values))
        number = len(self.approval.steps)
        sealed = approval_step.add(self.tx, self.key, self.row, deed, number=number)
        event = ApprovalStepped(
            log=self.approval.tenant,
            run_id=self.approval.run_id,
            approval=self.approval.id,
            action=self.approval.action_id,
            kind=deed.kind,
            number=number,
            until=deed.until,
            next=role,
            quorum=values["quorum"],
            person=deed.person,
            roles=deed.roles,
            to=deed.to,
            text=deed.text,
            sealed={"content": sealed},
        )
        self.tx.events.append(event)


def handle(
    tx: Tx,
    vault: Vault,
    approval_id: str,
    handling: Handling,
    *,
    person: Principal,
) -> None:
    """Record what *person* does about an approval that waits.

    Raises `NotFound`, `BadInput` as `verdict.judge` does for somebody who could not decide, and
    with a code of its own where another person looks at it ("already_claimed"), there is nothing to
    release ("not_claimed"), the role is not above ("not_above"), a question is open already
    ("asked_already") or none is ("nothing_asked"), or somebody else answers ("not_requester").
    """
    row = row_named(tx.connection, approval_id, lock=True)
    key = key_of(
        tx.connection,
        vault,
        row["run_id"],
    )
    steps = approval_step.of(
        tx.connection,
        key,
        row,
    )
    approval = opened(row, key, tx.now, steps=steps)
    open_now(approval)
    desk = _Desk(
        tx=tx,
        row=row,
        key=key,
        approval=approval,
        person=person,
    )
    match handling:
        case Look(kind="claimed"):
            _claim(desk)
        case Look():
            _release(desk)
        case Delegation():
            _delegate(desk, handling)
        case Escalation():
            _escalate(desk, handling)
        case Inquiry(kind="asked"):
            _ask(desk, handling)
        case Inquiry():
            _answer(desk, handling)
        case _:
            assert_never(handling)


def _claim(desk: _Desk) -> None:
    desk.entitled()
    desk.refuse_claimed()
    desk.add(
        desk.deed(
            kind="claimed",
            until=desk.tx.now + CLAIM_S,
        )
    )


def _release(desk: _Desk) -> None:
    desk.refuse_claimed()
    if approval_step.claim(desk.approval.steps, now=desk.tx.now) is None:
        raise refused("not_claimed", what=f"approval {desk.approval.id}")
    desk.add(desk.deed(kind="released"))


def _delegate(desk: _Desk, handling: Delegation) -> None:
    """Ask the named person, whose four eyes are looked at now and with the verdict again."""
    desk.entitled(handling.note)
    desk.refuse_claimed()
    desk.could_decide(handling.to)
    desk.add(
        desk.deed(
            kind="delegated",
            to=handling.to.id,
            text=handling.note,
        )
    )


def _escalate(desk: _Desk, handling: Escalation) -> None:
    seat = desk.entitled(handling.note)
    desk.refuse_claimed()
    if handling.to == seat.by or handling.to not in seat.above:
        raise refused(
            "not_above",
            what=f"approval {desk.approval.id}",
            role=handling.to,
            below=seat.by,
        )
    seats = quorum.passed_up(
        desk.approval.quorum,
        filled(desk.approval.steps),
        seat=seat,
        to=handling.to,
    )
    deed = desk.deed(
        kind="escalated",
        to=handling.to,
        text=handling.note,
    )
    desk.add(deed, seats=seats)


def _ask(desk: _Desk, handling: Inquiry) -> None:
    desk.entitled(handling.note)
    if approval_step.inquiry(desk.approval.steps) is not None:
        raise refused("asked_already", what=f"approval {desk.approval.id}")
    desk.add(
        desk.deed(
            kind="asked",
            text=handling.note,
        )
    )


def _answer(desk: _Desk, handling: Inquiry) -> None:
    approval = desk.approval
    what = f"approval {approval.id}"
    is_requester = identity(desk.person.id) == identity(approval.requester)
    if not is_requester or desk.person.tenant != approval.tenant:
        raise refused(
            "not_requester",
            what=what,
            person=desk.person.id,
        )
    if approval_step.inquiry(approval.steps) is None:
        raise refused("nothing_asked", what=what)
    desk.add(
        desk.deed(
            kind="answered",
            text=handling.note,
        )
    )
