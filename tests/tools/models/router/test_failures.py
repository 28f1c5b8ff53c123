"""Whatever becomes of a model's server, every run gets an answer, a degraded one, or a reason."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from tests.tools.models.asking import asked, candidate, retries

from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Done, Failed
from interlock.runtime.errors import Unavailable
from interlock.runtime.testing import World
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
from interlock.tools.models.router.candidate import Candidate
from interlock.tools.models.router.router import Router


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
    else:
        assert isinstance(outcome, Failed)
        assert outcome.code == trouble.code
        assert ends == [(trouble.code, trouble.is_spent)]
