"""The intent of a run: told to the policy, counted, and widened by a person alone."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.door.door import Door
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.intent import Intent
from interlock.runtime.policy.request import AccessRequest, IntentFacts
from interlock.runtime.record.store import Tx
from interlock.runtime.run import widening
from interlock.runtime.testing import Effects, StaticPoint, World


class Counting(StaticPoint):
    """Permits as many effects as the intent says, and no more."""

    async def decide(self, request: AccessRequest) -> Decision:
        """Return the table's answer, or a deny where the number is reached."""
        context = request.context
        most = context.intent.kinds.get("note.write") if context.intent else 0
        is_over = most is not None and sum(context.done.values()) >= most
        self.effects = {"note.write": "deny" if is_over else "permit"}
        return await super().decide(request)


async def _widen(world: World, run: Any, more: Any) -> Any:
    def work(tx: Tx) -> Intent:
        return widening.widen(tx, run_id=run.id, more=more, by="ana", note="it may")

    return await world.store.write(work, logs=(run.tenant,))


async def _write(world: World, run: Any, *texts: str) -> None:
    door = Door(pep=world.pep, run=run)
    calls = [door.call("note.write", {"text": text}, call_id=text) for text in texts]
    await asyncio.gather(*calls)
    await world.store.durable(run.claim)


async def test_the_policy_is_told_what_the_words_ask_for(tmp_path: Path) -> None:
    """Intent and counts of what was done reach the policy; without words it is told that."""
    point = StaticPoint(effects={"note.write": "permit"})
    effects = Effects()
    async with World(tmp_path, tools=[effects.tool("note.write")], pdp=point) as world:
        spoken = await world.start(intent={"note.write": 2})
        await _write(world, spoken, "a")
        await _write(world, spoken, "b")
        await _write(world, await world.start(), "c")

    told = [request.context for request in point.asked]
    assert [context.intent for context in told] == [
        IntentFacts(spoken=True, kinds={"note.write": 2}),
        IntentFacts(spoken=True, kinds={"note.write": 2}),
        IntentFacts(spoken=False),
    ]
    assert [context.done for context in told] == [{}, {"note.write": 1}, {}]
    assert [context.done_here for context in told] == [(), ("note.write",), ()]


async def test_calls_at_once_do_not_go_beyond_a_number(tmp_path: Path) -> None:
    """Each effect is decided on the effects that began before it, however many are proposed."""
    effects = Effects()
    tools = [effects.tool("note.write")]
    async with World(tmp_path, tools=tools, pdp=Counting()) as world:
        run = await world.start(intent={"note.write": 2})
        await _write(world, run, *(f"{number}" for number in range(6)))

    assert len(effects.done) == 2


async def test_a_person_widens_what_a_run_may_do(tmp_path: Path) -> None:
    """What is added counts from the next proposal on, and a kind without a number has no end,
    whatever is added to it.
    """
    point = StaticPoint(effects={"note.write": "permit"})
    async with World(
        tmp_path, tools=[Effects().tool("note.write")], pdp=point
    ) as world:
        run = await world.start(intent={"note.write": 2})
        more = {"note.write": 1, "note.send": None}
        await _widen(world, run, more)
        intent = await _widen(world, run, {"note.send": 1})
        await _write(world, run, "a")
        entries = await world.entries()

    assert intent == {"note.write": 3, "note.send": None}
    assert point.asked[0].context.intent == IntentFacts(spoken=True, kinds=intent)
    *_, entry = [body for body in entries if body["event"] == "run_widened"]
    assert entry["intent"] == intent


@pytest.mark.parametrize(
    ("intent", "more", "code"),
    [
        (None, {"note.write": 1}, "no_words"),
        ({}, {}, "no_kind"),
        ({}, {"": 1}, "no_kind"),
        ({}, {"note.write": 0}, "no_kind"),
        ({}, {"note.write": True}, "no_kind"),
        ({}, {"note.write": 10**9}, "no_kind"),
        ({}, {"note\n": 1}, "no_kind"),
        ({}, {"n" * 65: 1}, "no_kind"),
        ({}, {f"note.{number}": 1 for number in range(300)}, "no_kind"),
    ],
)
async def test_what_is_no_widening_is_refused(
    tmp_path: Path, intent: Any, more: Any, code: str
) -> None:
    """A run without words, no kind and no number are refused, and nothing is written."""
    async with World(tmp_path) as world:
        run = await world.start(intent=intent)
        with pytest.raises(BadInput) as refused:
            await _widen(world, run, more)
        after = await world.runs.read(run.id)

    assert refused.value.code == code
    assert after.intent == intent


async def test_an_ended_run_is_not_widened(tmp_path: Path) -> None:
    """Nothing is added to a run that has ended."""
    async with World(tmp_path) as world:
        run = await world.start(intent={})
        await world.runs.end(run, "done", {})
        with pytest.raises(BadInput) as refused:
            await _widen(world, run, {"x": 1})

    assert refused.value.code == "ended"
