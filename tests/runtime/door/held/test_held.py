"""A run is held when a guard fails closed: nothing is done, nobody is told no, and a new claim
carries it on.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, get_args

import pytest
from langchain_core.messages import AIMessage, AnyMessage
from langgraph.graph import START, MessagesState, StateGraph
from tests.runtime.door.held.outage import Outage, Planned, again, states

from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.errors import BadInput, Unanswered
from interlock.runtime.policy.engine.answer import Trouble
from interlock.runtime.run.claim import extend
from interlock.runtime.testing import Effects, World


@pytest.mark.parametrize("code", get_args(Trouble))
async def test_an_outage_holds_the_run_and_a_new_claim_carries_it_on(
    world: World, pdp: Outage, effects: Effects, code: Trouble
) -> None:
    """An engine that fails in mid-run stops it there: refused, recorded with its reason, told to
    nobody; later it goes on.
    """
    agent, run = (
        Planned(("note.write",), ("note.write",), ("note.slow",)),
        await world.start(),
    )
    pdp.code, pdp.down = code, frozenset({"note.slow"})
    held = await world.driver.drive(run, agent)
    recorded = await world.runs.outcome(run.id)
    denials = [
        each["codes"]
        for each in await world.entries()
        if each["event"] == "decision" and each["effect"] == "deny"
    ]

    assert held.status == "held"
    assert set(held.outcome) == {
        "0-0",
        "1-0",
        "error",
    }  # the third call was told nothing
    assert recorded == held.outcome
    assert "run resume" in str(held.outcome["error"])
    assert effects.done == ["0-0", "1-0"]
    assert denials == [[code]]
    assert (await states(world))["note.slow"] == ["denied"]
    assert (await world.runs.read(run.id)).status == "held"

    pdp.down = frozenset()
    ended = await again(world, run, agent)

    assert (ended.status, ended.outcome) == (
        "done",
        dict.fromkeys(("0-0", "1-0", "2-0"), "success"),
    )
    assert effects.done == ["0-0", "1-0", "2-0"]
    assert (await world.runs.read(run.id)).refusals == 0


async def test_an_outage_that_lasts_uses_nothing_up(
    world: World, pdp: Outage, effects: Effects
) -> None:
    """However often a held run is resumed in vain, no refusal is counted, and when the engine is
    back it goes on.
    """
    agent, run = Planned(("note.write",)), await world.start()
    pdp.down = frozenset({"note.write"})
    assert (await world.driver.drive(run, agent)).status == "held"
    for _ in range(8):
        assert (await again(world, run, agent)).status == "held"
    pdp.down = frozenset()

    assert (await world.runs.read(run.id)).refusals == 0
    assert (await again(world, run, agent)).status == "done"
    assert effects.done == ["0-0"]
    assert pdp.asked[-1].context.run.refusals == 0


async def test_the_door_tells_an_agent_no_answer(
    world: World, pdp: Outage, effects: Effects
) -> None:
    """A call that got no answer raises, and every later call of the claim raises the same and is
    not even proposed.
    """
    door = Door(pep=world.pep, run=await world.start())
    pdp.down = frozenset({"note.write"})
    with pytest.raises(Unanswered, match="a cut wire") as first:
        await door.call("note.write", {"text": "a"}, call_id="1")
    with pytest.raises(Unanswered) as second:
        await door.call("note.slow", {"text": "b"}, call_id="2")

    assert first.value is second.value
    assert first.value.codes == ("pdp_unavailable",)
    assert len(pdp.asked) == 1
    assert effects.done == []


async def test_an_agent_that_does_not_listen_gets_nowhere(
    world: World, pdp: Outage, effects: Effects
) -> None:
    """Also an agent that catches the error is held at that node: what it makes of it is not kept,
    and the node runs again.
    """

    class Deaf(Planned):
        def build(self, door: Door) -> Any:
            async def act(state: MessagesState) -> dict[str, list[AnyMessage]]:
                try:
                    await door.call("note.write", {"text": "a"}, call_id="1")
                except Exception:  # noqa: BLE001 - an agent of this sort does
                    return {"messages": [AIMessage(content="never mind")]}
                return {"messages": [AIMessage(content="written")]}

            graph: Any = StateGraph(MessagesState)
            graph.add_node("act", act)
            graph.add_edge(START, "act")
            return graph

        def outcome(self, state: Mapping[str, Any]) -> dict[str, Json]:
            return {"said": [str(each.content) for each in state.get("messages", [])]}

    agent, run = Deaf(), await world.start()
    pdp.down = frozenset({"note.write"})
    held = await world.driver.drive(run, agent)

    assert (held.status, held.outcome["said"]) == ("held", [])
    assert "a cut wire" in str(held.outcome["error"])
    pdp.down = frozenset()
    assert (await again(world, run, agent)).outcome == {"said": ["written"]}
    assert effects.done == ["a"]


async def test_a_run_is_not_taken_while_its_held_claim_goes_on(
    world: World, pdp: Outage
) -> None:
    """Until the claim that was held has ended, with what was under way, no other worker takes the
    run; then one may.
    """
    run = await world.start()
    pdp.down = frozenset({"note.write"})
    await world.pep.enforce(
        run, tool="note.write", arguments={"text": "a"}, call_id="1"
    )
    await world.store.durable(run.claim)
    with pytest.raises(BadInput) as refused:
        await world.runs.claim(run.id)
    await world.store.write(lambda tx: extend(tx.connection, run, now=tx.now))
    await world.runs.end(run, "held", {})

    assert refused.value.code == "claimed"
    assert (await world.runs.claim(run.id)).fence == 2


async def test_any_other_error_fails_the_run(world: World) -> None:
    """What no operator can mend by waiting ends the run for good, as ever."""

    class Broken(Planned):
        def build(self, door: Door) -> Any:
            def plan(state: MessagesState) -> None:
                raise BadInput(
                    what="plan", why="it is none", next_step="Write another."
                )

            graph: Any = StateGraph(MessagesState)
            graph.add_node("plan", plan)
            graph.add_edge(START, "plan")
            return graph

    run = await world.start()
    with pytest.raises(BadInput):
        await world.driver.drive(run, Broken())

    assert (await world.runs.read(run.id)).status == "failed"


async def test_a_held_run_can_be_cancelled_and_not_erased(
    world: World, pdp: Outage
) -> None:
    """A held run has not ended: it is not erased under those who may carry it on, and it can be
    cancelled.
    """
    run = await world.start()
    pdp.down = frozenset({"note.write"})
    await world.driver.drive(run, Planned(("note.write",)))
    erasing = partial(world.runs.erase, run.id, by="ada")
    with pytest.raises(BadInput) as refused:
        await erasing()
    assert refused.value.code == "not_ended"
    await world.runs.cancel(run.id, by="ana")
    await erasing()
