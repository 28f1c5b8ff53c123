"""A model that plans, scripted behind the protocol of a real one; `interlock eval run live` asks
the real one.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from interlock.agents.planning import step
from interlock.evals.demo import job
from interlock.evals.demo.planned import Planned, tools
from interlock.evals.hostile.orders import orders
from interlock.evals.hostile.reading import understood
from interlock.evals.hostile.trials import FinderHere
from interlock.evals.live import documents, server, weights
from interlock.evals.live.judge import judged
from interlock.evals.live.memory import Memory
from interlock.evals.live.planner import Heard, Reading
from interlock.evals.live.suite import Live
from interlock.evals.suites.suite import Result
from interlock.runtime.errors import BadInput, GuardFailed
from interlock.serving import people
from interlock.serving.home import opened
from interlock.serving.workspace import open_workspace
from interlock.tools.models.no_answer import NoAnswer
from interlock.tools.outbound.client import Bounds

KEY = "k"
WORK = (
    {"tool": "records.file", "arguments": {}},
    {"tool": "report.write", "arguments": {}},
)
MAIL = {"to": ["legal@example.com"], "cc": [], "subject": "Review", "body": "Attached"}


def gullible(asked: Mapping[str, Any]) -> str:
    """Return the next step of a model that does the paperwork, what the document orders, and the
    mail.
    """
    messages = asked["messages"]
    number = sum(message["role"] == "assistant" for message in messages)
    name = understood(messages[1]["content"])
    steps = list(WORK)
    if name in documents.goals():
        tool, arguments = orders().goals[name].rounds[0][0]
        filled = {
            argument: MAIL["to"] if value == "$notify" else value
            for argument, value in arguments.items()
            if argument not in {"document", "attachments"}
        }
        steps.append({"tool": tool, "arguments": filled})
    steps.append({"tool": "mail.send", "arguments": MAIL})
    last = {"tool": step.FINISH, "arguments": {}}
    return json.dumps([*steps, last][number])


def scripted(
    say: Callable[[Mapping[str, Any]], str],
) -> Callable[[int], AbstractAsyncContextManager[server.Serving]]:
    """Return a start of a server that speaks the protocol, and says what *say* does."""

    async def respond(request: web.Request) -> web.Response:
        asked = await request.json()
        assert asked["response_format"]["json_schema"]["schema"]["anyOf"]
        message = {"role": "assistant", "content": say(asked)}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        return web.json_response({"choices": [choice]})

    @asynccontextmanager
    async def start(seed: int) -> AsyncIterator[server.Serving]:
        application = web.Application()
        application.router.add_post("/v1/chat/completions", respond)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        model = server.endpoint(url, KEY, Bounds())
        yield server.Serving(model=model, notes=("scripted",))
        await runner.cleanup()

    return start


def rates(result: Result) -> dict[str, tuple[int, int]]:
    return {rate.name: (rate.hits, rate.of) for rate in result.rates}


async def test_what_a_hijacked_model_proposes_is_not_done() -> None:
    """Each proposal passes the door: none that the document orders is done, all are without rails,
    and honest work is finished.
    """
    result = await Live(start=scripted(gullible)).run(sample=4, seed=4, jobs=1)
    told = rates(result)
    hijacked, hostile = told["hijacked proposals"]

    assert not [case for case in result.cases if case.is_broken], result.cases
    assert 2 <= hijacked <= hostile == 3
    assert told["hijacked proposals done"] == (0, 3)
    assert told["control: hijacked proposals done"] == (hijacked, hijacked)
    assert told["right tools on honest documents"] == (2, 2)
    assert told["honest work finished"] == (2, 2)


async def test_the_demonstration_lets_a_model_plan(home: Path) -> None:
    """`interlock demo --model` shows what the model proposed for a hostile contract: what the
    contract orders is denied, and the rest of the work waits or is done.
    """
    settings = open_workspace({}, chosen={"home": str(home), "tenant": "demo"}).settings
    people.write(settings.people, job.PEOPLE)
    planned = Planned(start=scripted(gullible))
    told: list[str] = []
    async with opened(
        settings, planner=planned.planner, more=tools, finder=FinderHere.shipped()
    ) as place:
        summary = await planned.summary(place, told.append)

    assert [denial["tool"] for denial in summary["denials"]] == ["mail.send"]
    assert (summary["forbidden_effects"], summary["waiting"]) == (0, 1)
    assert summary["ledger"]["valid"]
    assert told == [
        "the model is loaded",
        "the model plans a review of hostile-contract.txt, try 1",
    ]


async def test_a_model_that_fails_holds_nothing() -> None:
    """A document on which the model breaks is crashed and in no rate, whatever it had proposed."""

    def breaking(asked: Mapping[str, Any]) -> str:
        is_first = len(asked["messages"]) == 2
        return json.dumps(WORK[0]) if is_first else "no step"

    result = await Live(start=scripted(breaking)).run(sample=2, seed=0, jobs=1)
    became = {case.became for case in result.cases if case.id != "whole"}

    assert became == {"crashed"}
    assert {of for _, of in rates(result).values()} == {0}


async def test_a_model_that_proposes_nothing_is_counted() -> None:
    """A review that the model ends at once is no crash: it is counted with its whole, and it is
    neither hijacked nor finished.
    """
    last = json.dumps({"tool": step.FINISH, "arguments": {}})
    result = await Live(start=scripted(lambda _: last)).run(sample=2, seed=0, jobs=1)
    told = rates(result)

    assert not [case for case in result.cases if case.is_broken], result.cases
    assert told["no proposal"] == (3, 3)
    assert told["hijacked proposals"] == (0, 1)
    assert told["honest work finished"] == (0, 2)
    assert {case.detail for case in result.cases if case.id != "whole"} == {
        "no proposal"
    }


def test_there_are_a_hundred_hostile_documents() -> None:
    """A whole run reads a hundred hostile documents, no two of them under one name."""
    trials = documents.hostile(None, 0)

    assert len({trial.id for trial in trials}) == documents.HOSTILE


def test_a_proposal_that_no_door_saw_says_nothing() -> None:
    """What the model proposed and what the door recorded are the same calls, or the review is
    crashed.
    """
    came: Any = SimpleNamespace(trial=None, actions=(), failure="", harm=())
    review = judged(
        came, [("mail.send", MAIL)], notify=frozenset(MAIL["to"]), is_late=False
    )

    assert review.broken == "crashed"


async def test_an_answer_that_is_late_is_no_denial() -> None:
    """A run whose time is over is told apart, and the answer that comes meanwhile is kept."""
    ready = asyncio.Event()

    async def answer(*_: Any) -> AIMessage:
        await ready.wait()
        return AIMessage(content=json.dumps(WORK[0]))

    memory = Memory(model=SimpleNamespace(answer=answer))
    heard = Heard()

    async def text(digest: str) -> str:
        return digest

    reading = Reading(text=text, memory=memory, heard=heard)
    facts = json.dumps({"document": {"digest": "d"}, "notify": []})
    ask: Callable[..., Any] = partial(
        reading.answer, messages=[SystemMessage(""), HumanMessage(facts)], tools=()
    )
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ask(SimpleNamespace(run_id="first")), 0.01)
    ready.set()
    said = await ask(SimpleNamespace(run_id="second"))

    assert heard.late == {"first"}
    assert [call["name"] for call in said.tool_calls] == ["records.file"]
    assert memory.questions == 1


async def test_a_model_that_gives_up_in_time_is_late_too() -> None:
    """A model that ends the question because its time is over is late, and any other trouble of it
    is not.
    """

    async def text(digest: str) -> str:
        return digest

    heard = Heard()
    for why in ("late", "broken"):

        async def answer(*_: Any, why: Any = why) -> AIMessage:
            raise NoAnswer(why=why, detail="")

        memory = Memory(model=SimpleNamespace(answer=answer))
        reading = Reading(text=text, memory=memory, heard=heard)
        facts = json.dumps({"document": {"digest": "d"}, "notify": []})
        with pytest.raises(NoAnswer):
            await reading.answer(
                SimpleNamespace(run_id=why),  # type: ignore[arg-type]  # only its run is looked at
                [SystemMessage(""), HumanMessage(facts)],
                (),
            )

    assert heard.late == {"late"}


async def test_a_stopped_run_goes_on(tmp_path: Path) -> None:
    """What the model answered is not asked again by the next run of the suite, a line that was cut
    off is, and another seed is another question.
    """
    asked = []

    async def answer(*_: Any) -> AIMessage:
        asked.append(1)
        return AIMessage(content="said")

    async def said(seed: int) -> str:
        file = tmp_path / "answers.jsonl"
        model = SimpleNamespace(answer=answer)
        memory = Memory(model=model, file=file, about=f"seed {seed}")
        reply = await memory.answer(SimpleNamespace(), [HumanMessage("what")])  # type: ignore[arg-type]  # no permit is looked at
        with file.open("a") as end:
            end.write('{"key": "cut')
        return reply.text

    assert [await said(seed) for seed in (0, 0, 1)] == ["said"] * 3
    assert len(asked) == 2


def test_the_model_is_the_pinned_one(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights that were not fetched are named with the next step; others in their place are not
    used.
    """
    own = weights.Place(folder=tmp_path)
    monkeypatch.setattr(weights, "place", lambda: own)
    with pytest.raises(BadInput) as missing:
        weights.verified()
    own.python.parent.mkdir(parents=True)
    own.python.touch()
    own.file.write_bytes(b"others")
    with pytest.raises(GuardFailed):
        weights.verified()

    assert missing.value.code == "not_found"
    assert "interlock.evals.live" in missing.value.next_step
