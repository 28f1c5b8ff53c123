"""Questions over one text cost one reading of it, where a server keeps what it has read."""

from pathlib import Path
from typing import Final

from tests.tools.models.asking import LONGEST, endpoint

from interlock.runtime.door.door import Door
from interlock.runtime.graph.asking import over
from interlock.runtime.graph.model import governed
from interlock.runtime.testing import World
from interlock.testing import ModelServer
from interlock.tools.models.generate import Served, model_tools

CONTRACT: Final = "The laws of the State of New York govern this Agreement. " * 200
QUESTIONS: Final = [f"Is there a clause of kind {number}?" for number in range(41)]
#: Of one contract and one question, over all 41 questions: vLLM computed 1.3 of them
MOST_PREFILLS: Final = 1.5


async def computed(folder: Path, *, is_text_first: bool) -> float:
    """Return how many readings of the contract 41 questions over it cost."""
    async with ModelServer() as server:
        served = Served(model=endpoint(server.url), longest_answer=LONGEST)
        tools = model_tools({"planner": served})
        async with World(folder, tools=tools) as world:
            door = Door(pep=world.pep, run=await world.start())
            model = governed(door, "planner", purpose="find clauses")
            for question in QUESTIONS:
                pair = (CONTRACT, question) if is_text_first else (question, CONTRACT)
                await model.ainvoke(over(*pair, instructions="Answer yes or no."))
        return server.prefixes.computed / (server.prefixes.asked / len(QUESTIONS))


async def test_forty_one_questions_over_one_contract_read_it_once(
    tmp_path: Path,
) -> None:
    """With the text first the server computes hardly more than one prompt; with the question first
    it computes all of them.
    """
    first = await computed(tmp_path / "first", is_text_first=True)
    last = await computed(tmp_path / "last", is_text_first=False)

    assert first <= MOST_PREFILLS
    assert last > len(QUESTIONS) / 2
