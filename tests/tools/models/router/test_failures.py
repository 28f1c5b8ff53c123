"""Whatever becomes of a model's server, every run gets an answer, a degraded one, or a reason."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest
from tests.tools.models.asking import LONGEST, asked, candidate, endpoint, retries

from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Done, Failed
from interlock.runtime.door.tool import AnyTool
from interlock.runtime.errors import Unavailable
from interlock.runtime.policy.decision import Denied
from interlock.runtime.policy.request import Amounts
from interlock.runtime.testing import PLENTY, World
from interlock.testing import (
    ModelServer,
    Turn,
    cut_off,
    garbage,
    hangs,
    oversize,
    redirects,
    refuses,
    says,
    slow,
)
from interlock.tools.models.generate import model_tools
from interlock.tools.models.router.calls import MOST_MOVES
from interlock.tools.models.router.candidate import Candidate
from interlock.tools.models.router.router import Router
from interlock.tools.models.served import Served
from interlock.tools.outbound.client import Bounds


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What a server does, the code that is recorded of it, and whether the tokens count as used."""

    turn: Turn | None
    code: str
    is_spent: bool
    #: Whether the run is held where no other model is there: the same server may be back
    is_outage: bool


TROUBLES: Final = {
    "killed": Trouble(turn=None, code="model_away", is_spent=False, is_outage=True),
    "hung": Trouble(turn=hangs(), code="model_late", is_spent=True, is_outage=True),
    "slow": Trouble(
        turn=slow(says("late"), wait_s=1.0),
        code="model_late",
        is_spent=True,
        is_outage=True,
    ),
    "garbage": Trouble(
        turn=garbage(), code="model_malformed", is_spent=True, is_outage=False
    ),
    "draining": Trouble(
        turn=refuses(500, words="cannot schedule new futures after shutdown"),
        code="model_broken",
        is_spent=True,
        is_outage=False,
    ),
    "out of memory in an answer": Trouble(
        turn=cut_off(says("half of an answer"), after=30),
        code="model_cut_off",
        is_spent=True,
        is_outage=True,
    ),
    "out of memory before one": Trouble(
        turn=cut_off(says("")), code="model_cut_off", is_spent=True, is_outage=True
    ),
    "full": Trouble(
        turn=refuses(503), code="model_overloaded", is_spent=False, is_outage=True
    ),
    "too many requests": Trouble(
        turn=refuses(429, retry_after="1"),
        code="model_overloaded",
        is_spent=False,
        is_outage=True,
    ),
    "a wrong key": Trouble(
        turn=refuses(401), code="model_refused", is_spent=False, is_outage=False
    ),
    "sent elsewhere": Trouble(
        turn=redirects("http://evil.test/"),
        code="model_redirected",
        is_spent=False,
        is_outage=False,
    ),
    "endless": Trouble(
        turn=oversize(5_000_000),
        code="model_too_large",
        is_spent=True,
        is_outage=False,
    ),
}


async def asked_once(
    folder: Path, *candidates: Candidate
) -> tuple[object, list[tuple[str | None, bool]], str]:
    """Ask once; return what came of it, each recorded end with whether it cost, and the state."""
    tools = model_tools(Router({"planner": candidates}, retries=retries()))
    async with World(folder, tools=tools) as world:
        run = await world.start()
        outcome: object
        try:
            outcome = await Door(pep=world.pep, run=run).call(
                "model.generate", asked(), call_id="1"
            )
        except Unavailable as error:
            outcome = error
        await world.store.durable(run.claim)
        ends = [
            (entry.get("failure"), entry["spent"]["tokens"] > 0)
            for entry in await world.entries()
            if entry["event"] == "outcome"
        ]
        assert (await world.verify()).problems == []
        return outcome, ends, (await world.runs.read(run.id)).status


async def in_trouble(trouble: Trouble, server: ModelServer) -> Candidate:
    """Return the model of a server in trouble, which every run prefers."""
    if trouble.turn is None:
        await server.stop()
    return candidate("bad", server.url, weight=1_000_000)


def script(trouble: Trouble) -> list[Turn]:
    """Return what the server does."""
    return [trouble.turn or says("")]


@pytest.mark.parametrize("how", TROUBLES)
async def test_another_model_answers(tmp_path: Path, how: str) -> None:
    """The run goes on with the next model, and the ledger says why and what it cost."""
    trouble = TROUBLES[how]
    async with ModelServer(script(trouble)) as bad, ModelServer([says("ok")]) as good:
        first = await in_trouble(trouble, bad)
        outcome, ends, _ = await asked_once(
            tmp_path, first, candidate("good", good.url)
        )

    assert isinstance(outcome, Done)
    assert ends == [(trouble.code, trouble.is_spent), (None, True)]


@pytest.mark.parametrize("how", TROUBLES)
async def test_what_stands_in_answers_degraded(tmp_path: Path, how: str) -> None:
    """Where only a fallback is left, the answer is its own, and says why it is."""
    trouble = TROUBLES[how]
    async with ModelServer(script(trouble)) as bad, ModelServer([says("ok")]) as spare:
        first = await in_trouble(trouble, bad)
        outcome, _, _ = await asked_once(
            tmp_path,
            first,
            candidate("spare", spare.url, weight=0, is_fallback=True),
        )

    assert isinstance(outcome, Done)
    assert outcome.value.degraded == [trouble.code]  # type: ignore[attr-defined]  # a Generation


@pytest.mark.parametrize("how", TROUBLES)
async def test_without_another_the_run_is_held_or_the_call_failed(
    tmp_path: Path, how: str
) -> None:
    """An outage holds the run, to be carried on; anything else is a failure with its code."""
    trouble = TROUBLES[how]
    async with ModelServer(script(trouble)) as bad:
        only = await in_trouble(trouble, bad)
        outcome, ends, status = await asked_once(tmp_path, only)

    if trouble.is_outage:
        assert isinstance(outcome, Unavailable)
        assert status == "held"
        assert ends == ([(trouble.code, True)] if trouble.is_spent else [])
    else:
        assert isinstance(outcome, Failed)
        assert outcome.code == trouble.code
        assert ends == [(trouble.code, trouble.is_spent)]


def only(url: str, *, first_s: float | None) -> tuple[AnyTool, ...]:
    """Return the tools over one model, which is waited for so long until it begins to answer."""
    model = endpoint(url, bounds=Bounds(total_s=10.0, first_s=first_s))
    served = Served(model=model, longest_answer=LONGEST)
    router = Router(
        {"planner": [Candidate(name="bad", served=served)]}, retries=retries()
    )
    return model_tools(router)


@pytest.mark.parametrize(
    ("how", "first_s"), [("hung", 0.2), ("out of memory in an answer", None)]
)
async def test_each_answer_that_came_too_late_stays_charged(
    tmp_path: Path, how: str, first_s: float | None
) -> None:
    """A run that is carried on asks anew by a new action with a reservation of its own, so what is
    spent grows with every question that somebody may have worked for; six are asked at most.
    """
    trouble = TROUBLES[how]
    spent: list[int] = []
    async with ModelServer([trouble.turn or says("")]) as bad:
        tools = only(bad.url, first_s=first_s)
        async with World(tmp_path, tools=tools) as world:
            run = await world.start()
            for _ in range(MOST_MOVES + 1):
                with pytest.raises(Unavailable):
                    await Door(pep=world.pep, run=run).call(
                        "model.generate", asked(), call_id="1"
                    )
                spent.append((await world.budget(run)).spent.tokens)
                run = await world.reclaim(run)
            outcome = await Door(pep=world.pep, run=run).call(
                "model.generate", asked(), call_id="1"
            )
            left = (await world.budget(run)).reserved
            ends = [
                entry["failure"]
                for entry in await world.entries()
                if entry["event"] == "outcome"
            ]
            assert (await world.verify()).problems == []

    assert isinstance(outcome, Failed)
    assert outcome.code == trouble.code
    each = spent[0]
    assert each > 0
    assert spent == [each * number for number in range(1, len(spent) + 1)]
    assert len(bad.asked) == len(ends) == len(spent)
    assert set(ends) == {trouble.code}
    assert left == Amounts()


async def test_a_repeated_question_ends_where_the_budget_does(tmp_path: Path) -> None:
    """A server that is always late gets no token beyond the limit of the run."""
    limits = replace(PLENTY, tokens=1_000)
    async with ModelServer([hangs()]) as bad:
        tools = only(bad.url, first_s=0.2)
        async with World(tmp_path, tools=tools) as world:
            run = await world.start(limits=limits)
            outcome: object = None
            for _ in range(MOST_MOVES + 1):
                try:
                    outcome = await Door(pep=world.pep, run=run).call(
                        "model.generate", asked(), call_id="1"
                    )
                    break
                except Unavailable:
                    run = await world.reclaim(run)
            spent = (await world.budget(run)).spent
            assert (await world.verify()).problems == []

    assert isinstance(outcome, Denied)
    assert outcome.codes == ("budget_exceeded",)
    assert 1 < len(bad.asked) <= MOST_MOVES
    assert spent.tokens <= limits.tokens
