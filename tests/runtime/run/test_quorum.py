"""Quorums: as many people of as many roles as the policy says, each of them once, and the policy
counts for itself.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.door.outcome import Done, Waiting
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.decision import Denied
from interlock.runtime.policy.request import Principal
from interlock.runtime.run import quorum as quorums
from interlock.runtime.run import verdict as verdicts


def person(name: str, *roles: str) -> Principal:
    return Principal(id=name, tenant="default", roles=roles)


LEO, LEA = person("leo", "legal"), person("lea", "legal", "reviewer")
RITA = person("rita", "reviewer")


async def test_it_takes_everybody_whom_the_policy_needs(desk: Any) -> None:
    """Nothing happens before the last of the people agrees, and then it happens once."""
    run = await desk.start()
    approval = await desk.asked(run)
    for by in (LEO, LEA):
        assert await desk.say(approval, by) == "waiting"
        assert isinstance(await desk.propose(run), Waiting)
    open_seats = (await desk.world.approvals.list())[0].unfilled
    assert [(seat.by, seat.count) for seat in open_seats] == [("reviewer", 1)]
    assert await desk.say(approval, RITA) == "approved"

    assert isinstance(await desk.propose(run), Done)
    assert isinstance(await desk.propose(run), Done)
    assert desk.effects.done == ["burnt"]
    assert (await desk.world.approvals.read(approval)).state == "used"
    assert await desk.asked(run, "2") != approval


async def test_nobody_counts_twice_and_nobody_without_a_seat(desk: Any) -> None:
    """One person in whatever letters has one verdict, and a role that is full takes no other."""
    approval = await desk.asked(await desk.start())
    await desk.say(approval, LEO)
    for name in ("leo", " Leo ", "LE\u200bO", "\uff2ceo"):
        again = person(name, "legal", "reviewer")
        assert await desk.refused(approval, again) == "voted_already"
    await desk.say(approval, RITA)
    assert await desk.refused(approval, person("rolf", "reviewer")) == "role_missing"
    assert await desk.refused(approval, person("Ana", "legal")) == "own_request"


async def test_one_no_is_a_no(desk: Any) -> None:
    """A rejection ends the question, whoever agreed before."""
    run = await desk.start()
    approval = await desk.asked(run)
    await desk.say(approval, LEO)
    assert await desk.say(approval, RITA, "rejected") == "rejected"
    assert await desk.refused(approval, LEA) == "decided_already"
    outcome = await desk.propose(run)

    assert isinstance(outcome, Denied)
    assert outcome.codes == ("approval_rejected",)
    assert desk.effects.done == []


async def test_the_verdicts_of_a_quorum_end_together(desk: Any) -> None:
    """When time is up no verdict counts any more, and what was agreed to is asked anew."""
    run = await desk.start()
    approval = await desk.asked(run)
    for by in (LEO, LEA, RITA):
        await desk.say(approval, by)
    desk.clock.advance(86_400)

    assert await desk.asked(run) != approval
    assert desk.effects.done == []


async def test_the_policy_counts_for_itself(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the runtime takes one verdict for enough, the policy does not: it waits on."""
    run = await desk.start()
    approval = await desk.asked(run)
    monkeypatch.setattr(verdicts, "_reached", lambda *_: "approved")
    assert await desk.say(approval, LEO) == "approved"

    assert await desk.asked(run) != approval
    assert desk.effects.done == []


async def test_one_seat_is_filled_once_whoever_hurries(
    opening: Any, tmp_path: Path, database_url: str
) -> None:
    """Two people who decide at once on the last seat: one verdict is recorded, one is refused."""
    async with opening(tmp_path, database_url) as desk:
        approval = await desk.asked(await desk.start())
        await desk.say(approval, LEO)
        await desk.say(approval, RITA)
        results = await asyncio.gather(
            *(desk.say(approval, person(name, "legal")) for name in ("lea", "lou")),
            return_exceptions=True,
        )
        verdicts_given = (await desk.world.approvals.read(approval)).verdicts

    assert [type(result) for result in results if result != "approved"] == [BadInput]
    assert len(verdicts_given) == 3


async def test_the_owner_of_an_agent_does_not_count(
    opening: Any, tmp_path: Path
) -> None:
    """Whoever owns the agent that asks may agree, and the policy does not count it."""
    owners = [{"agent": "test", "person": "rita"}]
    async with opening(tmp_path, quorums=[], owners=owners) as desk:
        run = await desk.start()
        await desk.say(await desk.asked(run), RITA)
        outcome = await desk.propose(run)
        await desk.world.store.durable(run.claim)

    assert isinstance(outcome, Denied)
    assert outcome.codes == ("self_approval",)
    assert desk.effects.done == []


def test_a_quorum_is_read_as_it_was_written() -> None:
    """What a row holds of a quorum is the quorum."""
    quorum = (
        quorums.Seat(role="legal", count=2, by="legal", above=("board",)),
        quorums.Seat(role="legal", count=1, by="board"),
    )

    assert quorums.read(quorums.written(quorum)) == quorum
