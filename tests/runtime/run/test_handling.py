"""Handling a question: claims, delegation, escalation and questions back are courtesy and record;
who may decide, and until when, stays as it was.
"""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.door.outcome import Done, Expired, Waiting
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.store import postgresql
from interlock.runtime.run.handling import (
    CLAIM_S,
    Delegation,
    Escalation,
    Handling,
    Inquiry,
    Look,
)

CLAIM, RELEASE = Look(kind="claimed"), Look(kind="released")


def person(name: str, *roles: str, tenant: str = "default") -> Principal:
    return Principal(id=name, tenant=tenant, roles=roles)


LEO, LEA = person("leo", "legal"), person("lea", "legal")
RITA, BO = person("rita", "reviewer"), person("bo", "board")
ANA = person("Ana", "analyst")
ABOVE = [{"role": "legal", "to": "board"}]


def to(delegate: Principal) -> Delegation:
    return Delegation(to=delegate, note="she knows it")


def up(role: str) -> Escalation:
    return Escalation(to=role, note="too large for me")


def asking(note: str = "whose mail is it?") -> Inquiry:
    return Inquiry(kind="asked", note=note)


def answering(note: str = "our counsel's") -> Inquiry:
    return Inquiry(kind="answered", note=note)


async def handled(desk: Any, approval: str, by: Principal, what: Handling) -> str:
    """Return the code of the refusal, or an empty string where it was done."""
    try:
        await desk.world.approvals.handle(approval, what, person=by)
    except BadInput as error:
        return error.code
    return ""


async def test_a_claim_is_a_courtesy_for_some_minutes(desk: Any) -> None:
    """One person at a time looks at it, may go on looking and stop, and keeps nobody from deciding;
    a claim ends by itself.
    """
    approval = await desk.asked(await desk.start())
    assert await handled(desk, approval, LEO, RELEASE) == "not_claimed"
    assert await handled(desk, approval, LEO, CLAIM) == ""
    [listed] = await desk.world.approvals.list()
    assert (listed.claimed_by, listed.claimed_until) == ("leo", desk.clock() + CLAIM_S)
    for what in (CLAIM, RELEASE, to(RITA), up("board")):
        by = LEA if isinstance(what, Look | Delegation) else RITA
        assert await handled(desk, approval, by, what) == "already_claimed", what
    assert await handled(desk, approval, person(" LEO", "legal"), CLAIM) == ""
    assert await desk.say(approval, LEA) == "waiting"
    assert await handled(desk, approval, LEO, RELEASE) == ""
    assert await handled(desk, approval, RITA, CLAIM) == ""
    desk.clock.advance(CLAIM_S)
    assert await handled(desk, approval, LEO, CLAIM) == ""


async def test_only_who_could_decide_handles_a_question(desk: Any) -> None:
    """Four eyes, role and tenant are looked at for each step, and of a delegate as well."""
    approval = await desk.asked(await desk.start())
    outsider = person("leo", "legal", tenant="other")
    for what in (CLAIM, to(LEA), up("board"), asking()):
        assert await handled(desk, approval, ANA, what) == "own_request"
        assert await handled(desk, approval, BO, what) == "role_missing"
        assert await handled(desk, approval, outsider, what) == "wrong_tenant"
    for bare in (
        Delegation(to=LEA, note=" "),
        Escalation(to="board", note=""),
        Inquiry(kind="asked", note="?"),
    ):
        assert await handled(desk, approval, LEO, bare) == "note_missing"
    assert await handled(desk, approval, LEO, to(ANA)) == "own_request"
    assert await handled(desk, approval, LEO, to(BO)) == "role_missing"
    assert await handled(desk, approval, LEO, to(outsider)) == "wrong_tenant"
    await desk.say(approval, LEA)
    assert await handled(desk, approval, LEO, to(LEA)) == "voted_already"
    assert (await desk.world.approvals.read(approval)).steps[1:] == ()


async def test_a_delegate_is_named_and_nothing_more(desk: Any) -> None:
    """Who is asked by name is shown, ends the claim, and is one of those who may decide."""
    approval = await desk.asked(await desk.start())
    await handled(desk, approval, LEO, CLAIM)
    assert await handled(desk, approval, LEO, to(LEA)) == ""
    [listed] = await desk.world.approvals.list()
    assert (listed.delegated_to, listed.claimed_by) == ("lea", "")
    assert await desk.say(approval, LEO) == "waiting"
    step = (await desk.world.approvals.read(approval)).steps[1]
    assert (step.kind, step.person, step.to, step.text) == (
        "delegated",
        "leo",
        "lea",
        "she knows it",
    )


async def test_what_is_open_of_a_seat_is_passed_up(
    opening: Any, tmp_path: Path
) -> None:
    """The role above decides in place of the role below, which does no more; verdicts that were
    given count on, and the policy counts the same.
    """
    async with opening(tmp_path, escalation=ABOVE) as desk:
        run = await desk.start()
        approval = await desk.asked(run)
        await desk.say(approval, LEO)
        assert await handled(desk, approval, LEA, up("admiral")) == "not_above"
        assert await handled(desk, approval, LEA, up("legal")) == "not_above"
        assert await handled(desk, approval, RITA, up("board")) == "not_above"
        assert await handled(desk, approval, LEA, up("board")) == ""
        assert await desk.refused(approval, LEA) == "role_missing"
        open_seats = (await desk.world.approvals.list())[0].unfilled
        assert [(seat.role, seat.by, seat.count) for seat in open_seats] == [
            ("legal", "board", 1),
            ("reviewer", "reviewer", 1),
        ]
        await desk.say(approval, RITA)
        assert isinstance(await desk.propose(run), Waiting)
        assert await desk.say(approval, BO) == "approved"
        assert isinstance(await desk.propose(run), Done)
        assert desk.effects.done == ["burnt"]


async def test_a_question_is_answered_by_who_asked_for_it(desk: Any) -> None:
    """One question is open at a time, the requester alone answers, and no deadline moves."""
    run = await desk.start()
    approval = await desk.asked(run)
    before = await desk.world.approvals.read(approval)
    assert await handled(desk, approval, ANA, answering()) == "nothing_asked"
    assert await handled(desk, approval, LEO, asking()) == ""
    assert await handled(desk, approval, LEA, asking()) == "asked_already"
    assert await handled(desk, approval, LEA, answering()) == "not_requester"
    foreign = person("ana", tenant="other")
    assert await handled(desk, approval, foreign, answering()) == "not_requester"
    assert (await desk.world.approvals.list())[0].is_questioned
    assert await handled(desk, approval, ANA, answering()) == ""
    after = await desk.world.approvals.read(approval)
    assert [step.text for step in after.steps] == ["whose mail is it?", "our counsel's"]
    assert (after.expires, after.overdue) == (before.expires, before.overdue)
    assert after.evidence_digest == before.evidence_digest


async def test_nothing_is_handled_that_waits_no_more(desk: Any) -> None:
    """After the verdict, and after its time, a question is left as it is."""
    run = await desk.start()
    rejected, late = await desk.asked(run), await desk.asked(run, "2")
    await desk.say(rejected, LEO, "rejected")
    desk.clock.advance(86_400)
    for what in (CLAIM, RELEASE, to(LEA), up("board"), asking()):
        assert await handled(desk, rejected, LEA, what) == "decided_already"
        assert await handled(desk, late, LEA, what) == "expired"
    outcomes = [await desk.propose(run, call) for call in "12"]
    await desk.world.store.durable(run.claim)
    assert isinstance(outcomes[1], Expired)


async def test_races_have_one_outcome(
    opening: Any,
    tmp_path: Path,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever hurries: one of two claims stands, a claim and a verdict do not undo each other, and
    no delegation stands after the expiry.
    """
    async with opening(tmp_path, database_url) as desk:
        run = await desk.start()
        approval, late = await desk.asked(run), await desk.asked(run, "2")
        claims = await asyncio.gather(
            *(handled(desk, approval, one, CLAIM) for one in (LEO, LEA))
        )
        assert sorted(claims) == ["", "already_claimed"]
        claimed, said = await asyncio.gather(
            handled(desk, approval, RITA, CLAIM), desk.say(approval, RITA, "rejected")
        )
        assert claimed in {"already_claimed", "decided_already"}
        assert said == "rejected"

        tomorrow = int(time.time()) + 86_400
        monkeypatch.setattr(postgresql, "now", lambda connection: tomorrow)
        desk.clock.advance(86_400)
        passed, _ = await asyncio.gather(
            handled(desk, late, LEO, to(LEA)),
            desk.world.approvals.expire([late], tenant="default"),
        )
        assert passed == "expired"
        assert (await desk.world.approvals.read(late)).state == "expired"
