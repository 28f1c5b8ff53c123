"""What a driven agent cannot do: be driven past its end, or reach a raw model."""

from collections.abc import Mapping
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from langgraph.graph import START, MessagesState, StateGraph
from tests.runtime.graph.driver.plans import Planned

from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.errors import Fenced, Ungoverned
from interlock.runtime.testing import World


async def test_a_run_that_ended_is_not_driven_again(world: World) -> None:
    """A claim that is over is refused by the fence, and an ended run cannot be claimed."""
    run = await world.start()
    await world.driver.drive(run, Planned(("note.now", {"text": "a"})))
    with pytest.raises(Fenced):
        await world.driver.drive(run, Planned(("note.now", {"text": "b"})))


async def test_a_driven_agent_reaches_no_raw_model(world: World) -> None:
    """An agent that calls a model beside the door fails its run, and the model is not reached."""

    class Sly:
        name = "sly"

        def build(self, door: Door) -> Any:
            """Return a graph whose only node asks a model of its own."""

            async def ask(state: MessagesState) -> dict[str, Any]:
                return {
                    "messages": [
                        await FakeListChatModel(responses=["no"]).ainvoke("hello")
                    ]
                }

            graph: Any = StateGraph(MessagesState)
            graph.add_node("ask", ask)
            graph.add_edge(START, "ask")
            return graph

        def outcome(self, state: Mapping[str, Any]) -> dict[str, Json]:
            """Return nothing."""
            return {}

    with pytest.raises(Ungoverned):
        await world.driver.drive(await world.start(), Sly())
