"""People's acts: decided by the same policy, recorded before they begin, and never invisible."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from interlock.errors import BadInput, NotFound, NotPermitted, Unanswered
from interlock.runtime.policy.act import Act
from interlock.runtime.policy.decision import ENGINE, Decision, Obligation, Reason
from interlock.runtime.policy.request import AccessRequest, Principal
from interlock.runtime.record.store import Tx
from interlock.runtime.run import subject
from interlock.runtime.run.run import NewRun
from interlock.runtime.run.runs import Also
from interlock.runtime.run.subject import Look
from interlock.runtime.testing import AGENT, PLENTY, TOOLBOX
from interlock.testing import REVISION, StaticPoint, World

ZELDA = Principal(id="Zelda", tenant="default", roles=("administrator",))


@dataclass(kw_only=True)
class Silent:
    """A decision point whose engine always fails."""

    revision: str = REVISION
    engine: str = "silent"

    async def decide(self, request: AccessRequest) -> Decision:
        reason = Reason(code="engine_failed", rule=ENGINE)
        return Decision(
            effect="deny",
            reasons=(reason,),
            obligations=(),
            revision=self.revision,
            engine=self.engine,
        )


@dataclass(kw_only=True)
class Deed:
    """What an act does: a line in a list, or an error."""

    error: BaseException | None = None
    done: list[str] = field(default_factory=list)

    async def __call__(self) -> str:
        if self.error is not None:
            raise self.error
        self.done.append("done")
        return "result"


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    permitted: tuple[Act, ...] = ("run.start", "run.cancel", "kill_switch.engage")
    pdp = StaticPoint(effects=dict.fromkeys(permitted, "permit"))
    async with World(tmp_path, pdp=pdp, url=database_url) as world:
        yield world


async def perform(world: World, act: Act, deed: Deed, look: Look) -> str:
    return await world.runtime.acts.perform(
        act, deed, person=ZELDA, arguments={}, look=look
    )


async def entries(world: World, event: str) -> list[dict[str, object]]:
    return [body for body in await world.entries() if body["event"] == event]


async def test_a_permitted_act_is_recorded_before_it_begins(world: World) -> None:
    """The decision is durable when the act begins, and the act's result is handed back."""
    run = await world.start()
    seen: list[int] = []

    async def deed() -> str:
        seen.append(len(await entries(world, "act")))
        return "result"

    result = await world.runtime.acts.perform(
        "run.cancel", deed, person=ZELDA, arguments={}, look=subject.run(run.id)
    )

    assert result == "result"
    assert seen == [1]
    [body] = await entries(world, "act")
    assert (body["effect"], body["codes"], body["run"]) == (
        "permit",
        ["granted"],
        run.id,
    )


async def test_a_denied_act_does_nothing_and_is_recorded(world: World) -> None:
    """What the policy does not allow a person is not begun; the refusal is in the ledger."""
    run = await world.start()
    deed = Deed()

    with pytest.raises(NotPermitted) as refusal:
        await perform(world, "run.erase", deed, subject.run(run.id))

    assert refusal.value.codes == ("not_granted",)
    assert deed.done == []
    [body] = await entries(world, "act")
    assert (body["tool"], body["effect"]) == ("run.erase", "deny")


async def test_an_act_that_fails_is_recorded_with_its_code(world: World) -> None:
    """A permitted act that then fails leaves an entry with the error's code."""
    run = await world.start()
    error = BadInput(what="it", why="is wrong", next_step="Do otherwise.")

    with pytest.raises(BadInput):
        await perform(world, "run.cancel", Deed(error=error), subject.run(run.id))

    [body] = await entries(world, "act_failed")
    assert body["code"] == error.code
    assert body["act"] == (await entries(world, "act"))[0]["act"]


@pytest.mark.parametrize("error", [ValueError("zelda"), asyncio.CancelledError()])
async def test_an_act_that_fails_otherwise_is_recorded_too(
    world: World, error: BaseException
) -> None:
    """A defect or a cancellation leaves an entry with a code, and nothing of the error's text."""
    run = await world.start()

    with pytest.raises(type(error)):
        await perform(world, "run.cancel", Deed(error=error), subject.run(run.id))

    [body] = await entries(world, "act_failed")
    assert body["code"] == "unexpected"
    assert "zelda" not in str(body)


@pytest.mark.parametrize(
    "duty",
    [
        Obligation(kind="approve", parameters={"role": "reviewer", "ttl_s": 60}),
        Obligation(kind="unheard_of"),
    ],
)
async def test_an_act_under_a_duty_that_nobody_does_is_refused(
    tmp_path: Path, duty: Obligation
) -> None:
    """No act waits for a second person, so a permit that demands one is recorded as a deny."""
    pdp = StaticPoint(effects={"run.cancel": "permit"}, duties={"run.cancel": duty})
    async with World(tmp_path, pdp=pdp) as world:
        run = await world.start()
        deed = Deed()
        with pytest.raises(NotPermitted) as refusal:
            await perform(world, "run.cancel", deed, subject.run(run.id))

        assert refusal.value.codes == ("obligation_unknown",)
        assert deed.done == []
        [body] = await entries(world, "act")
        assert (body["effect"], body["codes"]) == ("deny", ["obligation_unknown"])


async def test_what_is_not_there_is_not_asked_about(world: World) -> None:
    """An act on a run, an approval or an action that does not exist is refused by name."""
    deed = Deed()
    for look in (subject.run("x"), subject.approval("x"), subject.action("x", "y")):
        with pytest.raises(NotFound):
            await perform(world, "run.cancel", deed, look)

    assert deed.done == []


async def test_the_policy_is_told_whose_run_it_is(world: World) -> None:
    """Tenant, requester and state come from the run's row, the person as one form of the name."""
    assert isinstance(world.pdp, StaticPoint)
    run = await world.start()

    await perform(world, "run.cancel", Deed(), subject.run(run.id))

    facts = world.pdp.asked[-1].context.subject
    assert facts is not None
    assert (facts.tenant, facts.requester, facts.person) == ("default", "ana", "zelda")
    assert (facts.agent, facts.state) == ("test", "running")


async def test_an_engine_that_fails_stops_every_act_but_a_stop(tmp_path: Path) -> None:
    """Without an answer nothing is done, save engaging a kill switch: a stop needs no permit."""
    async with World(tmp_path, pdp=Silent()) as world:
        run = await world.start()
        deed = Deed()
        with pytest.raises(Unanswered):
            await perform(world, "run.cancel", deed, subject.run(run.id))
        assert deed.done == []

        decision = await world.runtime.acts.stop(
            "kill_switch.engage",
            deed,
            person=ZELDA,
            arguments={},
            look=subject.installation("kill_switch", "all"),
        )
        assert deed.done == ["done"]
        assert decision.unanswered
        assert [body["effect"] for body in await entries(world, "act")] == [
            "deny",
            "deny",
        ]


async def test_a_stop_that_the_policy_denies_is_not_made(tmp_path: Path) -> None:
    """Only an engine that cannot be asked is passed over: an answer that denies holds."""
    async with World(tmp_path, pdp=StaticPoint()) as world:
        deed = Deed()
        with pytest.raises(NotPermitted):
            await world.runtime.acts.stop(
                "kill_switch.engage",
                deed,
                person=ZELDA,
                arguments={},
                look=subject.installation("kill_switch", "all"),
            )
        assert deed.done == []


async def test_no_name_is_in_the_ledger(world: World) -> None:
    """The entry commits to the person and does not name the person."""
    run = await world.start()

    await perform(world, "run.cancel", Deed(), subject.run(run.id))

    [body] = await entries(world, "act")
    assert "zelda" not in str(body).casefold()
    assert (await world.verify()).valid


@pytest.mark.parametrize("fault", ["rolled back", "nobody waits"])
async def test_a_permit_to_start_is_recorded_once(world: World, fault: str) -> None:
    """The permit of a start stands with its run; where the run was rolled back, the permit stands
    alone, and who gives up waiting for the run makes no second one.
    """
    new = NewRun(
        agent=TOOLBOX,
        principal=AGENT,
        request={},
        limits=PLENTY,
        autonomy=2,
        revision=REVISION,
        intent=None,
    )

    async def work(also: Also, _: str) -> None:
        def enter(tx: Tx, run_id: str) -> None:
            time.sleep(0.1)
            also(tx, run_id)
            if fault == "rolled back":
                raise KeyError

        starting = asyncio.ensure_future(world.runs.start(new, also=enter))
        await asyncio.sleep(0)
        if fault == "rolled back":
            await starting
        raise asyncio.CancelledError

    with pytest.raises((KeyError, asyncio.CancelledError)):
        await world.runtime.acts.begin(
            work,
            person=ZELDA,
            arguments={},
            look=subject.tenant("run", TOOLBOX),
        )

    assert [body["effect"] for body in await entries(world, "act")] == ["permit"]
