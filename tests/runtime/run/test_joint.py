"""Joint verdicts: what is alike is decided together, all of it or nothing."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.errors import AnotherPolicy, InterlockError, NotPermitted
from interlock.runtime.policy.decision import Decision, Reason
from interlock.runtime.policy.request import AccessRequest, Principal, Verdict
from interlock.runtime.record.state import differences
from interlock.runtime.run.likeness import groups, shown, values
from interlock.runtime.run.question import Approval
from interlock.runtime.run.verdict import Shown
from interlock.runtime.testing import (
    REVIEWER,
    TOOLBOX,
    Effects,
    FixedClock,
    StaticPoint,
    World,
)

ANN = Principal(id="ann", tenant="default", roles=("analyst", "reviewer"))
TOOLS = ("send", "pay")


class Point(StaticPoint):
    """Asks for a person, for the text "odd" with another code; denies verdicts without reason."""

    async def decide(self, request: AccessRequest) -> Decision:
        """Answer as the table says."""
        decision = await super().decide(request)
        arguments = request.action.arguments
        if request.action.tool == "approval.decide":
            effect: Any = "deny" if arguments["note"] == "no reason" else "permit"
            return replace(decision, effect=effect)
        if arguments.get("text") == "odd":
            return replace(decision, reasons=(Reason(code="odd", rule="static"),))
        return decision


def world(
    folder: Path, url: str | None = None, clock: FixedClock | None = None
) -> World:
    effects = Effects()
    return World(
        folder,
        tools=[effects.tool(name, "irreversible") for name in TOOLS],
        pdp=Point(effects=dict.fromkeys(TOOLS, "permit"), waiting=frozenset(TOOLS)),
        url=url,
        clock=clock,
    )


async def asked(world: World, *calls: str) -> list[Approval]:
    """Return what was asked for by calls of the form "tool text", each of a run of its own."""
    ids = []
    for call in calls:
        tool, text = call.split()
        run = await world.runtime.start(TOOLBOX, {"text": ""}, principal=ANN)
        outcome: Any = await world.pep.enforce(
            run, tool=tool, arguments={"text": text}, call_id="1"
        )
        ids.append(outcome.approval_id)
    return [await world.approvals.read(one) for one in ids]


async def give(
    world: World,
    items: Sequence[Shown],
    by: Principal = REVIEWER,
    note: str = "fine",
    verdict: Verdict = "approved",
) -> None:
    """Give one verdict through the door for people."""
    await world.runtime.verdicts.give(items, person=by, verdict=verdict, note=note)


async def states(world: World, approvals: Sequence[Approval]) -> set[str]:
    return {(await world.approvals.read(one.id)).state for one in approvals}


async def agrees(world: World) -> None:
    """Check that the ledger is valid and the tables are what the ledger says."""
    assert (await world.verify()).problems == []
    assert await differences(world.store, world.vault) == []


@pytest.mark.parametrize("verdict", ["approved", "rejected"])
async def test_what_is_alike_is_decided_together(
    tmp_path: Path, database_url: str, verdict: Verdict
) -> None:
    """Each approval has its own entry and its own act, bound to its own request and evidence."""
    async with world(tmp_path, url=database_url) as one:
        alike = await asked(one, "send a", "send b", "send c")
        assert groups(alike) == [alike]
        asked_for = values([alike[0], alike[0], alike[1]])["text"]
        assert [one.value for one in asked_for] == ["b", "a"]
        assert {len(one) for name, one in values(alike).items() if name != "text"} == {
            1
        }
        await give(one, shown(alike), verdict=verdict)
        entries = await one.entries()
        assert await states(one, alike) == {verdict}
        await agrees(one)

    verdicts = [entry for entry in entries if entry["event"] == "approval"]
    assert [entry["approval"] for entry in verdicts] == [item.id for item in alike]
    assert len({entry["bind"] for entry in verdicts}) == 3
    assert len({entry["evidence"] for entry in verdicts}) == 3
    assert len({entry["act"] for entry in entries if entry["event"] == "act"}) == 3


async def test_one_that_may_not_be_decided_rejects_all(tmp_path: Path) -> None:
    """A stale, foreign or other item rejects the whole with a code that names the item; nothing is
    decided, and what the policy denied or the act failed with is on record.
    """
    clock = FixedClock()
    async with world(tmp_path, clock=clock) as one:
        alike = await asked(one, "send a", "send b")
        odd, pay, gone, done = await asked(one, "send odd", "pay b", "send d", "send e")
        await one.runs.cancel(gone.run_id, by="ann")
        await give(one, shown([done]))
        items = shown(alike)
        changed = [items[0], replace(items[1], evidence="0" * 64)]
        cases: list[tuple[Sequence[Shown], Principal, str, str, str]] = [
            (changed, REVIEWER, "fine", "evidence_changed", items[1].approval),
            ([*items, *shown([odd])], REVIEWER, "fine", "not_alike", odd.id),
            ([*items, *shown([pay])], REVIEWER, "fine", "not_alike", pay.id),
            ([*items, *shown([gone])], REVIEWER, "fine", "not_waiting", gone.id),
            ([*items, *shown([done])], REVIEWER, "fine", "decided_already", done.id),
            (
                [*items, items[0]],
                REVIEWER,
                "fine",
                "decided_already",
                items[0].approval,
            ),
            (items, ANN, "fine", "own_request", items[0].approval),
            (items, REVIEWER, "", "note_missing", items[0].approval),
        ]
        for shown_items, person, note, code, name in cases:
            with pytest.raises(InterlockError) as refused:
                await give(one, shown_items, by=person, note=note)
            assert (refused.value.code, name in str(refused.value)) == (code, True)
            assert await states(one, alike) == {"waiting"}
            assert (await one.entries())[-1]["code"] == code
        with pytest.raises(NotPermitted, match=alike[0].id):
            await give(one, items, note="no reason")
        assert isinstance(one.pdp, StaticPoint)
        one.pdp.revision = "1" * 64
        await one.runtime.policy.activate()
        with pytest.raises(AnotherPolicy, match=alike[0].run_id):
            await give(one, items)
        clock.advance(3601)
        with pytest.raises(InterlockError) as refused:
            await give(one, items)
        assert refused.value.code == "expired"
        assert await states(one, alike) == {"expired"}
        await agrees(one)
