"""Approvals: one entitled person's verdict on exactly one request, used once; and the policy is
asked again.
"""

import asyncio
import copy
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
from sqlalchemy import select

from interlock.runtime.canonical import canonical
from interlock.runtime.door.outcome import Done, Expired, Outcome, Unknown, Waiting
from interlock.runtime.door.tool import Value, schema_digest, tool
from interlock.runtime.errors import (
    AnotherPolicy,
    BadInput,
    NotAsRecorded,
    NotFound,
    Tampered,
)
from interlock.runtime.policy.decision import Denied, Permit
from interlock.runtime.policy.engine.bundle import Bundle, load
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.policy.request import Principal, Resource, Verdict
from interlock.runtime.record.entry_values import body_of
from interlock.runtime.record.state import differences
from interlock.runtime.record.store import tables
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.run.run import NewRun, Run
from interlock.runtime.testing import PLENTY, REVIEWER, FixedClock, World
from interlock.serving.policy.build import BUNDLES, POLICIES

#: A role that the policy lets propose an irreversible action
ACTOR = Principal(
    id="agent:test", tenant="default", roles=("administrator",), on_behalf_of="ana"
)
TTL_S = 86_400


class Verdicts(Value):
    """The arguments of `records.approve`, as the policy's configuration lists them."""

    document: str
    note: str


class Filed(Value):
    """Its result."""

    note: str


@tool(
    "records.approve",
    action="irreversible",
    resource=lambda a: Resource(type="record", id=a.document),
)
async def approve_record(permit: Permit, arguments: Verdicts) -> Filed:
    """Count one effect."""
    DONE.append(arguments.note)
    return Filed(note=arguments.note)


DONE: list[str] = []


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """The shipped policy, which knows this test's tool."""
    shipped = load(BUNDLES[POLICIES])
    data = copy.deepcopy(shipped.data)
    config = data["rails"]["config"]
    config["grants"]["administrator"] = ["records.approve"]
    config["tools"]["records.approve"] = {
        "action_class": "irreversible",
        "egress": "none",
        "schema": schema_digest(approve_record),
        "arguments": {"document": {}, "note": {}},
        "trusted_arguments": [],
    }
    return replace(shipped, data=data)


class Desk:
    """A world under the real policy, an agent that proposes, and reviewers."""

    def __init__(self, world: World, clock: FixedClock) -> None:
        self.world, self.clock = world, clock

    async def start(self) -> Run:
        proposal = NewRun(
            agent="test",
            principal=ACTOR,
            request={},
            limits=PLENTY,
            autonomy=2,
            revision=self.world.pdp.revision,
            intent=None,
        )
        return await self.world.runs.start(proposal)

    async def propose(
        self, run: Run, *, call: str = "1", note: str = "agreed"
    ) -> Outcome:
        arguments = {"document": "d1", "note": note}
        return await self.world.pep.enforce(
            run, tool="records.approve", arguments=arguments, call_id=call
        )

    async def waiting(
        self, run: Run, *, call: str = "1", note: str = "agreed"
    ) -> Waiting:
        outcome = await self.propose(run, call=call, note=note)
        assert isinstance(outcome, Waiting), outcome
        return outcome

    async def decide(
        self,
        approval_id: str,
        verdict: Verdict = "approved",
        *,
        by: Principal = REVIEWER,
        note: str = "looks right",
    ) -> None:
        shown = (await self.world.approvals.read(approval_id)).evidence_digest
        await self.world.approvals.decide(
            approval_id, reviewer=by, verdict=verdict, shown=shown, note=note
        )

    async def state(self, approval_id: str) -> str:
        return (await self.world.approvals.read(approval_id)).state


@pytest.fixture
async def desk(tmp_path: Path, bundle: Bundle) -> AsyncIterator[Desk]:
    DONE.clear()
    clock, point = FixedClock(), EmbeddedPoint(bundle, deadline_s=2)
    async with World(tmp_path, tools=[approve_record], pdp=point, clock=clock) as world:
        yield Desk(world, clock)
        report = await world.verify()
    point.close()
    assert report.problems == []


async def test_nothing_happens_until_a_person_agrees(desk: Desk) -> None:
    """The action waits, also when it is proposed again; once approved it is done, once."""
    run = await desk.start()
    first, again = await desk.waiting(run), await desk.waiting(run)
    assert first.approval_id == again.approval_id
    assert DONE == []

    await desk.decide(first.approval_id)
    assert DONE == []  # a verdict alone does nothing

    outcomes = [await desk.propose(run) for _ in range(3)]
    assert all(isinstance(each, Done) for each in outcomes)
    assert DONE == ["agreed"]
    assert await desk.state(first.approval_id) == "used"


async def test_a_rejection_is_a_deny(desk: Desk) -> None:
    """A rejected action is denied, and stays so."""
    run = await desk.start()
    await desk.decide((await desk.waiting(run)).approval_id, "rejected")
    outcome = await desk.propose(run)

    assert isinstance(outcome, Denied)
    assert "approval_rejected" in outcome.codes
    assert isinstance(await desk.propose(run), Denied)
    assert DONE == []


@pytest.mark.parametrize("note", ["agreed ", "Agreed", "agree", "", "agreed\u200b"])
async def test_a_verdict_is_bound_to_every_byte(desk: Desk, note: str) -> None:
    """One byte changed after the approval, and the changed request waits for a verdict of
    its own.
    """
    run = await desk.start()
    approval = (await desk.waiting(run)).approval_id
    await desk.decide(approval)
    other = await desk.waiting(run, note=note)

    assert other.approval_id != approval
    assert DONE == []


async def test_a_verdict_serves_one_action(desk: Desk) -> None:
    """The same request proposed as another call waits anew, before and after the first was used."""
    run = await desk.start()
    approval = (await desk.waiting(run, call="1")).approval_id
    await desk.decide(approval)
    before = await desk.waiting(run, call="2")
    assert isinstance(await desk.propose(run, call="1"), Done)
    after = await desk.waiting(run, call="3")

    assert len({approval, before.approval_id, after.approval_id}) == 3
    assert DONE == ["agreed"]


async def test_a_verdict_serves_one_run(desk: Desk) -> None:
    """The same request of another run waits anew."""
    first, second = await desk.start(), await desk.start()
    await desk.decide((await desk.waiting(first)).approval_id)

    assert isinstance(await desk.propose(second), Waiting)
    assert DONE == []


async def test_a_used_verdict_cannot_be_used_again(desk: Desk) -> None:
    """Two actions that are bound by hand to one approval: the second finds it spent."""
    run = await desk.start()
    approval = (await desk.waiting(run)).approval_id
    await desk.decide(approval)
    assert isinstance(await desk.propose(run), Done)
    await desk.world.store.durable(run.claim)
    with (
        closing(
            sqlite3.connect(str(desk.world.store.engine.url.database))
        ) as connection,
        connection,
    ):
        connection.execute("DELETE FROM action")

    assert isinstance(await desk.propose(run), Waiting)
    assert DONE == ["agreed"]


async def test_a_verdict_under_another_revision_does_not_count(
    tmp_path: Path, bundle: Bundle
) -> None:
    """When the policy has changed since, the approval is not counted: the request is not permitted
    by it.
    """
    DONE.clear()
    data = {
        **bundle.data,
        "rails": {**bundle.data["rails"], "build": {"revision": "f" * 64}},
    }
    old, new = (
        EmbeddedPoint(bundle, deadline_s=2),
        EmbeddedPoint(replace(bundle, revision="f" * 64, data=data), deadline_s=2),
    )
    async with World(tmp_path, tools=[approve_record], pdp=old) as world:
        desk = Desk(world, FixedClock())
        run = await desk.start()
        approval = (await desk.waiting(run)).approval_id
        await desk.decide(approval)
    async with World(tmp_path, tools=[approve_record], pdp=new) as world:
        run = await world.reclaim(run)
        with pytest.raises(AnotherPolicy):  # a run stays under the revision it has
            await Desk(world, FixedClock()).propose(run, call="2")
        moved = await Desk(world, FixedClock()).propose(replace(run, revision="f" * 64))
    old.close()
    new.close()

    assert isinstance(
        moved, Waiting
    )  # and even a run that moved along needs a new verdict
    assert moved.approval_id != approval
    assert DONE == []


async def events(desk: Desk) -> list[str]:
    bodies = select(tables.ledger_entry.c.body).order_by(tables.ledger_entry.c.seq)
    rows = await desk.world.store.read(lambda c: c.execute(bodies).scalars().all())
    return [body_of(row)["event"] for row in rows]


async def test_a_request_that_nobody_answers_expires(desk: Desk) -> None:
    """After its time is up nobody can decide it: that is no refusal, is recorded once by whoever
    looks first, and the agent may ask again.
    """
    run = await desk.start()
    approval = (await desk.waiting(run)).approval_id
    desk.clock.advance(TTL_S - 1)
    assert isinstance(await desk.propose(run), Waiting)
    desk.clock.advance(1)

    assert await desk.state(approval) == "expired"
    with pytest.raises(BadInput) as refused:
        await desk.decide(approval)
    assert refused.value.code == "expired"
    for _ in range(2):
        outcome = await desk.propose(run)
        assert isinstance(outcome, Expired), outcome
        assert outcome.approval_id == approval
        await desk.world.store.durable(run.claim)
    await desk.world.approvals.expire([approval], tenant="default")
    assert (await events(desk)).count("approval_expired") == 1
    refusals = select(tables.run.c.refusals).where(tables.run.c.id == run.id)
    assert await desk.world.store.read(lambda c: c.execute(refusals).scalar_one()) == 0
    assert await desk.world.approvals.list(state="expired")
    assert (await desk.waiting(run, call="again")).approval_id != approval
    assert DONE == []


async def test_a_verdict_expires_too(desk: Desk) -> None:
    """A verdict given in time but used too late does not count; the request waits again."""
    run = await desk.start()
    approval = (await desk.waiting(run)).approval_id
    await desk.decide(approval)
    desk.clock.advance(TTL_S)
    outcome = await desk.waiting(run)

    assert outcome.approval_id != approval
    assert DONE == []
    await desk.decide(outcome.approval_id)
    assert isinstance(await desk.propose(run), Done)


WRONG: dict[str, tuple[Principal, str, str]] = {
    "the requester": (
        Principal(id="ana", tenant="default", roles=("reviewer",)),
        "fine by me",
        "own_request",
    ),
    "the requester in other letters": (
        Principal(id="Ana ", tenant="default", roles=("reviewer",)),
        "fine by me",
        "own_request",
    ),
    "nobody": (
        Principal(id=" ", tenant="default", roles=("reviewer",)),
        "fine by me",
        "nobody",
    ),
    "no role": (
        Principal(id="eve", tenant="default", roles=("analyst",)),
        "fine by me",
        "role_missing",
    ),
    "no roles": (
        Principal(id="eve", tenant="default", roles=()),
        "fine by me",
        "role_missing",
    ),
    "another tenant": (
        Principal(id="rolf", tenant="other", roles=("reviewer",)),
        "fine by me",
        "wrong_tenant",
    ),
    "no note": (REVIEWER, "", "note_missing"),
    "blank note": (REVIEWER, " \t\n ", "note_missing"),
    "short note": (REVIEWER, "ok", "note_missing"),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("verdict", ["approved", "rejected"])
async def test_a_verdict_by_the_wrong_person_or_without_reason_is_refused(
    desk: Desk, case: str, verdict: Verdict
) -> None:
    """Not the requester, not from another tenant, not without the role, not without a note: it goes
    on waiting.
    """
    by, note, code = WRONG[case]
    approval = (await desk.waiting(await desk.start())).approval_id
    with pytest.raises(BadInput) as refused:
        await desk.decide(approval, verdict, by=by, note=note)

    assert refused.value.code == code
    assert await desk.state(approval) == "waiting"


async def test_what_was_not_shown_cannot_be_decided(desk: Desk) -> None:
    """A reviewer names the digest of what was shown; any other is refused."""
    approval = (await desk.waiting(await desk.start())).approval_id
    for shown in ("", "0" * 64):
        with pytest.raises(BadInput) as refused:
            await desk.world.approvals.decide(
                approval,
                reviewer=REVIEWER,
                verdict="approved",
                shown=shown,
                note="looks right",
            )
        assert refused.value.code == "evidence_changed"

    assert await desk.state(approval) == "waiting"


async def test_an_approval_that_is_not_there_cannot_be_decided(desk: Desk) -> None:
    """An id that nobody waits under is not found."""
    with pytest.raises(NotFound):
        await desk.decide("apr-000000000000")


async def test_of_two_verdicts_at_once_one_counts(desk: Desk) -> None:
    """Two reviewers who decide at the same moment: one wins, the other is told, and one verdict is
    recorded.
    """
    run = await desk.start()
    approval = (await desk.waiting(run)).approval_id
    other = Principal(id="rolf", tenant="default", roles=("reviewer",))
    results = await asyncio.gather(
        desk.decide(approval, "approved"),
        desk.decide(approval, "rejected", by=other),
        return_exceptions=True,
    )

    assert [type(each) for each in results if each is not None] == [BadInput]
    recorded = [
        each["state"]
        for each in await desk.world.entries()
        if each["event"] == "approval"
    ]
    assert recorded == [await desk.state(approval)]
    with pytest.raises(BadInput) as refused:
        await desk.decide(approval)
    assert refused.value.code == "decided_already"


async def test_two_processes_decide_once(
    tmp_path: Path, database_url: str, bundle: Bundle
) -> None:
    """On either database, of two processes that decide at the same moment one wins."""
    DONE.clear()
    point = EmbeddedPoint(bundle, deadline_s=2)
    async with (
        World(
            tmp_path / "home", tools=[approve_record], pdp=point, url=database_url
        ) as one,
        World(
            tmp_path / "home", tools=[approve_record], pdp=point, url=database_url
        ) as other,
    ):
        desks = Desk(one, FixedClock()), Desk(other, FixedClock())
        for number in range(5):
            run = await desks[0].start()
            approval = (await desks[0].waiting(run, call=f"{number}")).approval_id
            results = await asyncio.gather(
                *(each.decide(approval) for each in desks), return_exceptions=True
            )
            assert [type(each) for each in results if each is not None] == [BadInput]
        assert (await one.verify()).problems == []
    point.close()


@pytest.mark.parametrize(
    "column", ["evidence", "evidence_digest", "digest", "requester"]
)
async def test_tampered_evidence_cannot_be_read_or_decided(
    desk: Desk, column: str
) -> None:
    """Evidence that is not what was put before the reviewer is refused, whoever asks."""
    approval = (await desk.waiting(await desk.start())).approval_id
    shown = (await desk.world.approvals.read(approval)).evidence_digest
    with (
        closing(
            sqlite3.connect(str(desk.world.store.engine.url.database))
        ) as connection,
        connection,
    ):
        value = connection.execute(f"SELECT {column} FROM approval").fetchone()[0]  # noqa: S608 - names from the tables above
        changed = value[:-1] + (
            bytes([value[-1] ^ 1]) if isinstance(value, bytes) else "x"
        )
        connection.execute(f"UPDATE approval SET {column} = ?", (changed,))  # noqa: S608 - names from the tables above

    with pytest.raises(Tampered):
        await desk.world.approvals.read(approval)
    with pytest.raises(Tampered):
        await desk.world.approvals.decide(
            approval,
            reviewer=REVIEWER,
            verdict="approved",
            shown=shown,
            note="looks right",
        )


async def test_evidence_of_another_approval_does_not_open(desk: Desk) -> None:
    """Evidence moved from one approval to another is refused: the reviewer would see the wrong
    request.
    """
    run = await desk.start()
    await desk.waiting(run, call="1", note="harmless")
    approval = (await desk.waiting(run, call="2", note="harmful")).approval_id
    with (
        closing(
            sqlite3.connect(str(desk.world.store.engine.url.database))
        ) as connection,
        connection,
    ):
        row = connection.execute(
            "SELECT evidence, evidence_digest FROM approval WHERE id != ?", (approval,)
        ).fetchone()
        connection.execute(
            "UPDATE approval SET evidence = ?, evidence_digest = ? WHERE id = ?",
            (*row, approval),
        )

    with pytest.raises(Tampered):
        await desk.world.approvals.read(approval)


async def test_the_reviewer_sees_the_whole_request(desk: Desk) -> None:
    """The evidence holds tool, class, every argument in full, who acts for whom, and under which
    policy.
    """
    run = await desk.start()
    approval = await desk.world.approvals.read(
        (await desk.waiting(run, note="agreed " * 5000)).approval_id
    )

    assert approval.evidence["arguments"] == {
        "document": "d1",
        "note": "agreed " * 5000,
    }
    assert approval.evidence["tool"] == "records.approve"
    assert approval.evidence["class"] == "irreversible"
    assert (approval.evidence["agent"], approval.evidence["on_behalf_of"]) == (
        "agent:test",
        "ana",
    )
    assert approval.evidence["revision"] == run.revision


async def test_the_policy_is_asked_again_after_the_verdict(desk: Desk) -> None:
    """An approval permits nothing by itself: a kill switch engaged since then denies the approved
    action.
    """
    run = await desk.start()
    await desk.decide((await desk.waiting(run)).approval_id)
    await KillSwitches(desk.world.store).engage("all", "", by="ana")
    outcome = await desk.propose(run)

    assert isinstance(outcome, Denied)
    assert "killed" in outcome.codes
    assert DONE == []


async def test_a_forged_verdict_permits_nothing(desk: Desk) -> None:
    """Whoever has the run's key and writes a verdict into its row permits nothing: no approval
    was recorded.
    """
    run = await desk.start()
    approval = (await desk.waiting(run)).approval_id
    key = desk.world.vault.known(run.id)
    with (
        closing(
            sqlite3.connect(str(desk.world.store.engine.url.database))
        ) as connection,
        connection,
    ):
        connection.execute("UPDATE approval SET state = 'approved'")
        (bound,) = connection.execute(
            "SELECT run_id, action_id, digest, revision, expires FROM approval"
        ).fetchall()
        run_id, action_id, *rest = bound
        step: list[Any] = [approval, 0, "approved", "reviewer", "reviewer", 1, 0]
        content: dict[str, Any] = {
            "person": "rita",
            "roles": ["reviewer"],
            **dict.fromkeys(("text", "to", "shown"), ""),
            "opened": 0,
            "proposal": None,
        }
        place = canonical(["approval_step", *step, action_id, *rest]).decode()
        connection.execute(
            "INSERT INTO approval_step (approval, number, kind, seat, role, at, until, tenant,"
            " run_id, action_id, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                *step,
                run.tenant,
                run_id,
                action_id,
                key.seal(canonical(content), place=place),
            ],
        )
    with pytest.raises(NotAsRecorded) as refusal:
        await desk.propose(run)

    assert refusal.value.code == "approval_spent"


@pytest.mark.parametrize(
    "change",
    [
        "state = 'approved'",
        "state = 'used'",
        "expires = expires + 1",
        "revision = 'x'",
    ],
)
async def test_a_verdict_turned_around_without_the_keys_is_refused(
    desk: Desk, change: str
) -> None:
    """A "no" cannot be made a "yes", another request's or a later one's by whoever only has the
    database.
    """
    run = await desk.start()
    approval = (await desk.waiting(run)).approval_id
    await desk.decide(approval, verdict="rejected")
    with (
        closing(
            sqlite3.connect(str(desk.world.store.engine.url.database))
        ) as connection,
        connection,
    ):
        connection.execute(f"UPDATE approval SET {change}")  # noqa: S608 - from the list above

    with pytest.raises(Tampered):
        await desk.propose(run)
    assert DONE == []


async def test_cancelling_withdraws_what_waits(desk: Desk) -> None:
    """A cancelled run's requests can no longer be decided."""
    run = await desk.start()
    approval = (await desk.waiting(run)).approval_id
    await desk.world.runs.cancel(run.id, by="ana")

    assert await desk.state(approval) == "withdrawn"
    with pytest.raises(BadInput) as refused:
        await desk.decide(approval)
    assert refused.value.code == "not_waiting"


@pytest.mark.parametrize("status", ["done", "failed"])
async def test_the_end_of_a_run_withdraws_what_waits(
    desk: Desk, status: Literal["done", "failed"]
) -> None:
    """Nobody is asked for a verdict that could lead to nothing, and the ledger says why."""
    run = await desk.start()
    approval = (await desk.waiting(run)).approval_id
    await desk.world.runs.end(run, status, {})

    assert await desk.state(approval) == "withdrawn"
    with pytest.raises(BadInput) as refused:
        await desk.decide(approval)
    assert refused.value.code == "not_waiting"
    assert await differences(desk.world.store, desk.world.vault) == []


async def test_an_approved_effect_that_was_interrupted_goes_on_under_its_verdict(
    tmp_path: Path, bundle: Bundle
) -> None:
    """Going on with an idempotent action after a crash is no second use of its approval, and asks
    nobody again.
    """
    keys: list[str] = []

    @tool(
        "records.approve",
        action="irreversible",
        idempotent=True,
        resource=lambda a: Resource(type="record", id=a.document),
    )
    async def interrupted(permit: Permit, arguments: Verdicts) -> Filed:
        """Act as the test says."""
        keys.append(permit.key)
        if len(keys) == 1:
            raise asyncio.CancelledError
        return Filed(note=arguments.note)

    point = EmbeddedPoint(bundle, deadline_s=2)
    async with World(tmp_path, tools=[interrupted], pdp=point) as world:
        desk = Desk(world, FixedClock())
        run = await desk.start()
        await desk.decide((await desk.waiting(run)).approval_id)
        with pytest.raises(asyncio.CancelledError):
            await desk.propose(run)
        outcome = await desk.propose(await world.reclaim(run))
        await world.store.durable(run.claim)
        assert (await world.verify()).problems == []
        asked = await world.store.read(
            lambda connection: len(
                connection.execute(select(tables.approval.c.id)).all()
            )
        )
    point.close()

    assert isinstance(outcome, Done)
    assert len(set(keys)) == 1
    assert asked == 1


async def test_an_interrupted_effect_whose_verdict_has_lapsed_is_unknown(
    tmp_path: Path, bundle: Bundle
) -> None:
    """When the policy wants a person again for something that may have happened, it is unknown: a
    person must look.
    """

    @tool(
        "records.approve",
        action="irreversible",
        idempotent=True,
        resource=lambda a: Resource(type="record", id=a.document),
    )
    async def interrupted(permit: Permit, arguments: Verdicts) -> Filed:
        """Act as the test says."""
        raise asyncio.CancelledError

    clock, point = FixedClock(), EmbeddedPoint(bundle, deadline_s=2)
    async with World(tmp_path, tools=[interrupted], pdp=point, clock=clock) as world:
        desk = Desk(world, clock)
        run = await desk.start()
        await desk.decide((await desk.waiting(run)).approval_id)
        with pytest.raises(asyncio.CancelledError):
            await desk.propose(run)
        clock.advance(TTL_S)
        outcome = await desk.propose(await world.reclaim(run))
        await world.store.durable(run.claim)
        assert (await world.verify()).problems == []
    point.close()

    assert isinstance(outcome, Unknown)
