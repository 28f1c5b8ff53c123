"""The router: which model a call goes to, what the policy is shown of it, and what stands in."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.tools.models.asking import LONGEST, asked, candidate, endpoint, retries

from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Done, Failed, Outcome
from interlock.runtime.door.target import Caller
from interlock.runtime.errors import Unavailable
from interlock.runtime.policy.decision import Denied
from interlock.runtime.policy.label import Confidentiality, Label
from interlock.runtime.policy.request import Amounts
from interlock.runtime.testing import PLENTY, StaticPoint, World
from interlock.testing import ModelServer, Turn, refuses, says
from interlock.tools.models.generate import Generate, Served, model_tools
from interlock.tools.models.replicas import Replica, nearest
from interlock.tools.models.router.breaker import Breaker, Rules
from interlock.tools.models.router.candidate import Candidate
from interlock.tools.models.router.router import Router
from interlock.tools.models.router.weights import Weights


def caller(run_id: str = "run", held: Confidentiality = "public") -> Caller:
    """Return a run that has read what is so restricted."""
    return Caller(
        run_id=run_id,
        tenant="default",
        agent="test",
        label=Label(integrity="trusted", confidentiality=held),
        pins={},
    )


def nowhere(name: str, **more: Any) -> Candidate:
    """Return a candidate that nobody will ask."""
    clearance = more.pop("clearance", "confidential")
    served = Served(
        model=endpoint("http://127.0.0.1:1/v1"),
        longest_answer=LONGEST,
        clearance=clearance,
        micro_per_million=more.pop("price", 0),
    )
    return Candidate(name=name, served=served, **more)


def aimed(router: Router, one: Caller) -> str:
    """Return the name of what the run's call goes to, as the policy sees it."""
    return router.aim(Generate.model_validate(asked()), one).resource.id


async def called(
    folder: Path,
    *candidates: Candidate,
    limits: Amounts = PLENTY,
    pdp: StaticPoint | None = None,
) -> tuple[Outcome, list[dict[str, Any]]]:
    """Ask once as an agent does; return the outcome, and the entries on how it ended."""
    tools = model_tools(Router({"planner": candidates}, retries=retries()))
    async with World(folder, tools=tools, pdp=pdp) as world:
        run = await world.start(limits=limits)
        outcome = await Door(pep=world.pep, run=run).call(
            "model.generate", asked(), call_id="1"
        )
        await world.store.durable(run.claim)
        entries = await world.entries()
        assert (await world.verify()).problems == []
    return outcome, [entry for entry in entries if entry["event"] == "outcome"]


def test_a_run_keeps_the_model_that_it_was_given() -> None:
    """A run asks one model all along, and many runs are divided as the weights say."""
    router = Router({"planner": [nowhere("a", weight=3), nowhere("b", weight=1)]})
    chosen = {number: aimed(router, caller(f"r{number}")) for number in range(2_000)}
    again = {number: aimed(router, caller(f"r{number}")) for number in range(2_000)}

    assert chosen == again
    assert 1_400 < Counter(chosen.values())["planner/a"] < 1_600


def test_the_weights_of_the_run_go_before_those_of_the_settings() -> None:
    """A release that sends everybody to one model is kept to by its runs, and by no other."""
    released = Weights(by_alias={"planner": {"b": 1}})
    router = Router(
        {"planner": [nowhere("a"), nowhere("b", weight=0)]},
        weights=lambda one: released if one.pins.get("release") else None,
    )
    plain = caller()

    assert aimed(router, plain) == "planner/a"
    assert aimed(router, replace(plain, pins={"release": "r1"})) == "planner/b"


def test_the_policy_is_shown_the_very_model_with_its_place_and_price() -> None:
    """Name, region and clearance of the candidate are the resource, and its price is the cost."""
    router = Router(
        {
            "planner": [
                nowhere("eu", region="eu", clearance="internal", price=2_000_000),
                nowhere("spare", weight=0),
            ]
        }
    )
    target = router.aim(Generate.model_validate(asked()), caller())

    assert target.resource.id == "planner/eu@eu"
    assert target.resource.clearance == "internal"
    assert target.cost.money_micro == 2 * target.cost.tokens


def test_privileged_text_goes_only_where_it_may() -> None:
    """What a run has read decides which candidates there are."""
    router = Router(
        {
            "planner": [
                nowhere("cloud", weight=1_000, clearance="public"),
                nowhere("local", weight=1),
            ]
        }
    )

    assert aimed(router, caller("r2", "public")) == "planner/cloud"
    assert aimed(router, caller("r2", "confidential")) == "planner/local"


async def test_where_no_model_may_have_the_text_the_policy_denies(
    tmp_path: Path,
) -> None:
    """The best cleared candidate is put before the policy, which refuses it: nobody is asked."""
    async with ModelServer() as server:
        served = replace(candidate("cloud", server.url).served, clearance="internal")
        router = Router(
            {"planner": [Candidate(name="cloud", served=served), nowhere("x")]}
        )
        only_public = [
            nowhere("a", clearance="public"),
            nowhere("b", clearance="public"),
        ]
        shut = Router({"planner": only_public})
        target = shut.aim(Generate.model_validate(asked()), caller("r", "confidential"))
        open_target = router.aim(
            Generate.model_validate(asked()), caller("r", "confidential")
        )

    assert target.resource.clearance == "public"
    assert open_target.resource.id == "planner/x"
    assert server.asked == []


async def test_another_model_answers_where_the_first_does_not(tmp_path: Path) -> None:
    """The failure and the answer are two actions, each decided, priced and recorded; the policy saw
    both models.
    """
    async with ModelServer([refuses(500)]) as bad, ModelServer([says("ok")]) as good:
        pdp = StaticPoint(effects={"model.generate": "permit"})
        outcome, entries = await called(
            tmp_path,
            candidate("bad", bad.url, weight=1_000_000),
            candidate("good", good.url),
            pdp=pdp,
        )

    assert isinstance(outcome, Done)
    assert outcome.value.by == "good"  # type: ignore[attr-defined]  # a Generation
    assert [request.resource.id for request in pdp.asked] == [
        "planner/bad",
        "planner/good",
    ]
    assert pdp.asked[1].action.arguments["after"] == ["model_broken"]
    assert [entry.get("failure") for entry in entries] == ["model_broken", None]
    assert min(entry["spent"]["tokens"] for entry in entries) > 0


async def test_what_stands_in_says_so_and_why(tmp_path: Path) -> None:
    """The answer of a fallback is called degraded, with how the better models failed."""
    async with ModelServer([refuses(500)]) as bad, ModelServer([says("ok")]) as spare:
        outcome, _ = await called(
            tmp_path,
            candidate("bad", bad.url),
            candidate("spare", spare.url, weight=0, is_fallback=True),
        )

    assert isinstance(outcome, Done)
    assert outcome.value.degraded == ["model_broken"]  # type: ignore[attr-defined]  # a Generation


async def test_each_candidate_is_asked_once_and_then_it_is_over(tmp_path: Path) -> None:
    """Where all fail with no outage to blame, the last failure is the answer."""
    async with ModelServer([refuses(500)]) as bad:
        outcome, entries = await called(
            tmp_path, *(candidate(name, bad.url) for name in "abc")
        )

    assert isinstance(outcome, Failed)
    assert outcome.code == "model_broken"
    assert len(bad.asked) == len(entries) == 3


async def test_a_stand_in_that_does_not_fit_the_budget_is_not_asked(
    tmp_path: Path,
) -> None:
    """The estimate of the failed attempt is spent, so there is no room for the next one."""
    async with ModelServer([refuses(500)]) as bad, ModelServer([says("ok")]) as good:
        outcome, _ = await called(
            tmp_path,
            candidate("bad", bad.url, weight=1_000_000),
            candidate("good", good.url),
            limits=replace(PLENTY, tokens=LONGEST + 150),
        )

    assert isinstance(outcome, Denied)
    assert outcome.codes == ("budget_exceeded",)
    assert (len(bad.asked), len(good.asked)) == (1, 0)


async def test_an_outage_of_all_holds_the_run_and_a_later_claim_goes_on(
    tmp_path: Path,
) -> None:
    """Nothing is lost: when a server is back, the same call is answered."""
    async with ModelServer([says("back")]) as server:
        await server.stop()
        both = [candidate("a", server.url), candidate("b", server.url)]
        tools = model_tools(Router({"planner": both}, retries=retries()))
        async with World(tmp_path, tools=tools) as world:
            run = await world.start()
            door = Door(pep=world.pep, run=run)
            with pytest.raises(Unavailable):
                await door.call("model.generate", asked(), call_id="1")
            await world.store.durable(run.claim)
            assert (await world.runs.read(run.id)).status == "held"

            await server.start()
            again = await world.reclaim(run)
            door = Door(pep=world.pep, run=again)
            outcome = await door.call("model.generate", asked(), call_id="1")
            assert (await world.verify()).problems == []

    assert isinstance(outcome, Done)


async def test_after_an_outage_whoever_is_back_answers(tmp_path: Path) -> None:
    """A held run that is carried on asks all models again, the one that stays away too."""
    async with ModelServer([says("back")]) as gone, ModelServer([says("ok")]) as back:
        await gone.stop()
        await back.stop()
        pair = [
            candidate("gone", gone.url, weight=1_000_000),
            candidate("back", back.url),
        ]
        tools = model_tools(Router({"planner": pair}, retries=retries()))
        async with World(tmp_path, tools=tools) as world:
            run = await world.start()
            with pytest.raises(Unavailable):
                await Door(pep=world.pep, run=run).call(
                    "model.generate", asked(), call_id="1"
                )
            await back.start()
            door = Door(pep=world.pep, run=await world.reclaim(run))
            outcome = await door.call("model.generate", asked(), call_id="1")

    assert isinstance(outcome, Done)
    assert outcome.value.by == "back"  # type: ignore[attr-defined]  # a Generation


async def test_a_model_that_fails_too_often_is_left_alone(tmp_path: Path) -> None:
    """After the breaker opened nobody asks it, and the others answer at once."""
    rules = Rules(least_calls=2)
    async with ModelServer([refuses(500)]) as bad, ModelServer([says("ok")]) as good:
        pair = [
            candidate(
                "bad",
                bad.url,
                weight=1_000_000,
                breaker=Breaker(clock=lambda: 0.0, rules=rules),
            ),
            candidate("good", good.url),
        ]
        tools = model_tools(Router({"planner": pair}, retries=retries()))
        async with World(tmp_path, tools=tools) as world:
            run = await world.start()
            for number in range(5):
                outcome = await Door(pep=world.pep, run=run).call(
                    "model.generate", asked(), call_id=str(number)
                )
                assert isinstance(outcome, Done)

    assert (len(bad.asked), len(good.asked)) == (2, 5)


@pytest.mark.parametrize(
    ("turn", "times"), [(refuses(429), 2), (refuses(503, retry_after="60"), 1)]
)
async def test_overload_is_no_failure(tmp_path: Path, turn: Turn, times: int) -> None:
    """A full server is asked again within bounds, left alone for as long as it says, and has no
    mark against it; another model answers meanwhile, and nothing is spent on the full one.
    """
    async with ModelServer([turn]) as full, ModelServer([says("ok")]) as good:
        first = Breaker(clock=lambda: 0.0, rules=Rules(least_calls=1))
        pair = [
            candidate("full", full.url, weight=1_000_000, breaker=first),
            candidate("good", good.url),
        ]
        outcome, entries = await called(tmp_path, *pair)

    assert isinstance(outcome, Done)
    assert len(full.asked) == times
    assert pair[0].breaker.state == "closed"
    assert not pair[0].breaker.lets
    assert [entry["spent"]["tokens"] > 0 for entry in entries] == [False, True]


async def test_questions_over_one_text_go_to_one_replica(tmp_path: Path) -> None:
    """The text decides which replica is asked, and a replica that nobody reaches is passed over."""
    async with ModelServer() as one, ModelServer() as other:
        servers = [one, other]

        def places(key: str) -> Sequence[Any]:
            ready = [
                Replica(url=server.url, state="ready", since=0) for server in servers
            ]
            return [endpoint(replica.url) for replica in nearest(ready, key)]

        pool = candidate("pool", one.url, places=places)
        for number in range(3):
            await called(tmp_path / str(number), pool)
        counts = [len(server.asked) for server in servers]
        await servers[counts.index(3)].stop()
        outcome, _ = await called(tmp_path / "last", pool)

    assert sorted(counts) == [0, 3]
    assert isinstance(outcome, Done)


async def test_a_pool_without_a_ready_replica_is_away(tmp_path: Path) -> None:
    """Nobody is asked where nobody said that a server is."""
    pool = candidate("pool", "http://127.0.0.1:1/v1", places=lambda _: ())
    with pytest.raises(Unavailable) as raised:
        await called(tmp_path, pool)

    assert "ready" in raised.value.why
