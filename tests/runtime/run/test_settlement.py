"""Settling: an entitled other person records what became of an unknown action, once, and it never
acts again.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from interlock.runtime.door.outcome import Failed, Outcome, Resolved, Unknown
from interlock.runtime.door.tool import tool
from interlock.runtime.errors import BadInput, NotFound
from interlock.runtime.graph.answer import reply
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Principal, Resource
from interlock.runtime.record.store import tables
from interlock.runtime.run.run import Run
from interlock.runtime.testing import REVIEWER, Note, World


@dataclass(kw_only=True)
class Desk:
    """A world with one tool whose every call breaks in the middle."""

    world: World
    acted: list[str]

    async def propose(self, run: Run, *, call: str = "1") -> Outcome:
        return await self.world.pep.enforce(
            run, tool="send", arguments={"text": "canary-7d"}, call_id=call
        )

    async def unknown(self, run: Run) -> str:
        outcome = await self.propose(run)
        assert isinstance(outcome, Unknown)
        await self.world.store.durable(run.claim)
        return outcome.action_id

    async def resolve(
        self,
        run: Run,
        action_id: str,
        *,
        happened: bool = True,
        by: Principal = REVIEWER,
        note: str = "the server has it",
    ) -> None:
        await self.world.runs.resolve(
            run.id, action_id, person=by, happened=happened, note=note
        )

    async def state(self) -> str:
        query = select(tables.action.c.state)
        return await self.world.store.read(
            lambda connection: str(connection.execute(query).scalar_one())
        )


@pytest.fixture
async def desk(tmp_path: Path, database_url: str) -> AsyncIterator[Desk]:
    acted: list[str] = []

    @tool(
        "send", action="irreversible", resource=lambda a: Resource(type="mail", id="")
    )
    async def act(permit: Permit, arguments: Note) -> Note:
        """Act as the test says."""
        acted.append(arguments.text)
        raise ConnectionResetError("reset")

    async with World(tmp_path / "home", tools=[act], url=database_url) as world:
        yield Desk(world=world, acted=acted)
        assert (await world.verify()).problems == []


@pytest.mark.parametrize(("state", "kind"), [("done", Resolved), ("failed", Failed)])
@pytest.mark.parametrize("ends", ["running", "done", "cancelled"])
async def test_what_a_person_found_stands(
    desk: Desk, ends: str, state: str, kind: type[Outcome]
) -> None:
    """Resolved while its run goes on or after it ended, the action is done or failed, and never
    acts again.
    """
    run = await desk.world.start()
    action_id = await desk.unknown(run)
    spent = (await desk.world.budget(run)).spent
    if ends == "done":
        await desk.world.runs.end(run, "done", {})
    elif ends == "cancelled":
        await desk.world.runs.cancel(run.id, by="ana")
    await desk.resolve(run, action_id, happened=state == "done")

    assert await desk.state() == state
    assert (
        await desk.world.budget(run)
    ).spent == spent  # it stays charged what it was expected to cost
    if ends == "running":
        same, later = (
            await desk.propose(run),
            await desk.propose(await desk.world.reclaim(run)),
        )
        assert isinstance(same, kind)
        assert isinstance(later, kind)
    assert desk.acted == ["canary-7d"]


async def test_an_agent_is_told_what_was_found(desk: Desk) -> None:
    """A planner that proposes a settled action again hears that it happened as a success, that it
    did not as an error.
    """
    run = await desk.world.start()
    await desk.resolve(run, await desk.unknown(run))
    told = reply(await desk.propose(run), call_id="1", tool="send")

    assert told.status == "success"
    assert "as a person found" in str(told.content)


async def test_the_record_says_who_settled_it_and_seals_why(desk: Desk) -> None:
    """The ledger has a second outcome, with commitments in its body and the person and the note in
    its payload.
    """
    run = await desk.world.start()
    await desk.resolve(run, await desk.unknown(run), note="canary-note-3b")
    outcomes = [
        each for each in await desk.world.entries() if each["event"] == "outcome"
    ]
    bodies = str(await desk.world.entries())
    key = desk.world.vault.known(run.id)

    assert [(each["state"], each["codes"]) for each in outcomes] == [
        ("unknown", ["granted"]),
        ("done", ["resolved"]),
    ]
    assert (outcomes[1]["reviewer"], outcomes[1]["requester"]) == (
        key.commit(b"rita"),
        key.commit(b"ana"),
    )
    assert outcomes[1]["bind"] == outcomes[0]["bind"]
    assert "canary-" not in bodies
    assert "rita" not in bodies


WRONG: dict[str, tuple[Principal, str, str]] = {
    "the requester": (
        Principal(id="ana", tenant="default", roles=("reviewer",)),
        "it is there",
        "own_request",
    ),
    "no role": (
        Principal(id="eve", tenant="default", roles=("analyst",)),
        "it is there",
        "role_missing",
    ),
    "another tenant": (
        Principal(id="rolf", tenant="other", roles=("reviewer",)),
        "it is there",
        "wrong_tenant",
    ),
    "short note": (REVIEWER, "ok", "note_missing"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_the_wrong_person_or_no_reason_settles_nothing(
    desk: Desk, case: str
) -> None:
    """Not the requester, not without the role, not from another tenant, not without a note: it
    stays unknown.
    """
    by, note, code = WRONG[case]
    run = await desk.world.start()
    action_id = await desk.unknown(run)
    with pytest.raises(BadInput) as refused:
        await desk.resolve(run, action_id, by=by, note=note)

    assert refused.value.code == code
    assert await desk.state() == "unknown"


async def test_only_an_unknown_action_is_settled(desk: Desk) -> None:
    """What is settled stays so: a second finding is refused, and of two at once one counts."""
    run = await desk.world.start()
    action_id = await desk.unknown(run)
    results = await asyncio.gather(
        desk.resolve(run, action_id),
        desk.resolve(run, action_id, happened=False),
        return_exceptions=True,
    )
    found = await desk.state()
    with pytest.raises(BadInput) as refused:
        await desk.resolve(run, action_id, happened=found != "done")

    assert refused.value.code == "wrong_state"
    assert [type(each) for each in results if each is not None] == [BadInput]
    assert await desk.state() == found
    assert [each["event"] for each in await desk.world.entries()].count("outcome") == 2


async def test_an_action_is_named_by_its_beginning(desk: Desk) -> None:
    """The beginning of an id is enough; one that no action of the run has, or an empty one, is not
    found.
    """
    run, other = await desk.world.start(), await desk.world.start()
    action_id = await desk.unknown(run)
    for of, name in ((run, ""), (run, "%"), (run, "f" * 64), (other, action_id)):
        with pytest.raises(NotFound):
            await desk.resolve(of, name)
    await desk.resolve(run, action_id[:12])

    assert await desk.state() == "done"


async def test_in_an_erased_run_nothing_is_settled(desk: Desk) -> None:
    """After an erasure nobody can say what the action was, so it is not settled, and the error says
    why.
    """
    run: Any = await desk.world.start()
    action_id = await desk.unknown(run)
    await desk.world.runs.end(run, "done", {})
    await desk.world.runs.erase(run.id, by="ada")
    with pytest.raises(BadInput) as refused:
        await desk.resolve(run, action_id)

    assert refused.value.code == "erased"
    assert await desk.state() == "unknown"
