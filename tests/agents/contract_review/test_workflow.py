"""The workflow: fixed steps up to the review, then what the planner proposes, every step through
the door.
"""

from typing import Any

import pytest
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from interlock.agents.contract_review.workflow import ACTIONS, ROUNDS
from interlock.runtime.errors import Unavailable
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Amounts
from interlock.runtime.testing import REVIEWER

STEPS = ["document.read", "contracts.review"]


class Tireless(BaseChatModel):
    """A planner that proposes the same kind of action for ever, and remembers what tools it was
    offered.
    """

    offered: Any = None

    @property
    def _llm_type(self) -> str:
        return "tireless"

    def _generate(
        self, messages: list[BaseMessage], *_: Any, **given: Any
    ) -> ChatResult:
        self.offered.append([each["function"]["name"] for each in given["tools"]])
        call = {
            "name": "records.file",
            "id": f"call-{len(messages)}",
            "type": "tool_call",
            "args": {"document": "sha256:ab"},
        }
        return ChatResult(
            generations=[
                ChatGeneration(message=AIMessage(content="", tool_calls=[call]))
            ]
        )


def names(acted: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """Return the tools that acted, in order."""
    return [name for name, _ in acted]


async def test_a_review_is_done(studio: Any) -> None:
    """When everything is permitted the fixed steps come first, each once, then record, report and
    mails.
    """
    async with studio.world() as world:
        ended = await studio.review(world)
    mails = [arguments for name, arguments in studio.acted if name == "mail.send"]

    assert ended.status == "done"
    assert names(studio.acted)[:2] == STEPS
    assert sorted(names(studio.acted)[2:4]) == ["records.file", "report.write"]
    assert mails[0]["to"] == ["legal@example.com"]
    assert mails[0]["attachments"] == [{"name": "review.html", "sha256": "0" * 64}]
    assert (len(ended.outcome["findings"]), ended.outcome["dropped"]) == (1, 1)


async def test_nobody_is_mailed_unasked(studio: Any) -> None:
    """Without anybody to notify, the only mail a careful planner proposes is the one the contract
    asks for.
    """
    async with studio.world(denied=frozenset({"mail.send"})) as world:
        ended = await studio.review(world, notify=())

    assert ended.status == "done"
    assert "mail.send" not in names(studio.acted)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("how", ["denied", "failed"])
async def test_a_review_stops_where_a_step_is_not_done(
    studio: Any, step: str, how: str
) -> None:
    """A fixed step that is denied or fails ends the run there: nothing after it is proposed, and it
    says why.
    """
    if how == "failed":
        studio.fails = {step}
    async with studio.world(
        denied=frozenset({step} if how == "denied" else ())
    ) as world:
        ended = await studio.review(world)
        proposed = [request.action.tool for request in world.pdp.asked]

    assert ended.status == "failed"
    assert proposed == STEPS[: STEPS.index(step) + 1]
    assert names(studio.acted) == STEPS[: STEPS.index(step)]
    assert ended.outcome["stopped"]["kind"] == how


async def test_a_review_without_its_planner_stops(studio: Any) -> None:
    """When the planner may not be asked, the run ends with the review and no action."""
    async with studio.world(denied=frozenset({"model.generate"})) as world:
        ended = await studio.review(world)

    assert ended.status == "failed"
    assert names(studio.acted) == STEPS
    assert ended.outcome["stopped"]["step"] == "decide"


async def test_a_refused_action_does_not_stop_the_others(studio: Any) -> None:
    """The planner is told of a refusal and goes on: without a report, the mail has no
    attachment.
    """
    async with studio.world(denied=frozenset({"report.write"})) as world:
        ended = await studio.review(world)
    mails = [arguments for name, arguments in studio.acted if name == "mail.send"]

    assert ended.status == "done"
    assert "report.write" not in names(studio.acted)
    assert mails[0]["attachments"] == []


async def test_a_planner_is_offered_the_declared_tools_and_bounded(studio: Any) -> None:
    """A planner is offered exactly the declared actions, and one that never stops is stopped after
    so many rounds.
    """
    studio.model = Tireless(offered=[])
    async with studio.world() as world:
        ended = await studio.review(world)
    filed = [name for name in names(studio.acted) if name == "records.file"]

    assert ended.status == "done"
    assert studio.model.offered == [list(ACTIONS)] * ROUNDS
    assert len(filed) == ROUNDS


class Overreaching(Tireless):
    """A planner that names a tool it was never offered."""

    def _generate(
        self, messages: list[BaseMessage], *_: Any, **given: Any
    ) -> ChatResult:
        result = super()._generate(messages, **given)
        result.generations[0].message.tool_calls[0]["name"] = "records.approve"  # type: ignore[attr-defined]  # an AIMessage
        return result


async def test_a_tool_that_was_not_offered_is_still_only_a_proposal(
    studio: Any,
) -> None:
    """A tool that a planner was never offered reaches the policy as a proposal and stops there."""
    studio.model = Overreaching(offered=[])
    async with studio.world() as world:
        ended = await studio.review(world)
        denials = {
            each["tool"]
            for each in await world.entries()
            if each.get("state") == "denied"
        }

    assert ended.status == "done"
    assert names(studio.acted) == STEPS
    assert denials == {"unknown"}  # the ledger repeats no name that an agent made up


async def test_a_run_is_carried_on_by_another_process(studio: Any) -> None:
    """What waits in one process is approved in a second and done in a third, once, with nothing
    repeated.
    """
    async with studio.world(waiting=frozenset({"mail.send"})) as first:
        ended = await studio.review(first)
    before = names(studio.acted)
    async with studio.world(waiting=frozenset({"mail.send"})) as second:
        for approval_id in ended.waiting:
            shown = (await second.approvals.read(approval_id)).evidence_digest
            await second.approvals.decide(
                approval_id,
                reviewer=REVIEWER,
                verdict="approved",
                shown=shown,
                note="checked",
            )
    async with studio.world(waiting=frozenset({"mail.send"})) as third:
        done = await studio.drive(third, await third.runs.claim(ended.run_id))
        problems = (await third.verify()).problems

    assert (ended.status, len(ended.waiting)) == ("waiting", 2)
    assert "mail.send" not in before
    assert done.status == "done"
    assert names(studio.acted) == [*before, "mail.send", "mail.send"]
    assert sorted(
        arguments["to"] for name, arguments in studio.acted if name == "mail.send"
    ) == [
        ["eve@example.net"],
        ["legal@example.com"],
    ]
    assert done.outcome["findings"] == ended.outcome["findings"]
    assert problems == []


async def test_a_run_waits_for_each_verdict(studio: Any) -> None:
    """Of two waiting actions only the one that was decided goes on; the run waits for the other."""
    async with studio.world(waiting=frozenset({"mail.send"})) as world:
        ended = await studio.review(world)
        shown = (await world.approvals.read(ended.waiting[0])).evidence_digest
        await world.approvals.decide(
            ended.waiting[0],
            reviewer=REVIEWER,
            verdict="approved",
            shown=shown,
            note="checked",
        )
        again = await studio.drive(world, await world.runs.claim(ended.run_id))

    assert again.status == "waiting"
    assert again.waiting == ended.waiting[1:]
    assert names(studio.acted).count("mail.send") == 1


class Absent:
    """A served model whose endpoint is away until the test brings it back."""

    def __init__(self) -> None:
        self.away = True
        self.asked = 0

    async def answer(self, permit: Permit, messages: Any, tools: Any) -> AIMessage:
        self.asked += 1
        if self.away:
            raise Unavailable(
                what="model endpoint http://x", why="away", run_id=permit.run_id
            )
        return AIMessage(content="The review is finished.")


async def test_a_model_that_is_away_holds_the_run(studio: Any) -> None:
    """While the endpoint is away the run is held, naming the endpoint; carried on when it is back,
    the run ends as if nothing had been, with nothing repeated and nothing reserved.
    """
    studio.model = Absent()
    async with studio.world() as world:
        ended = await studio.review(world)
        again = await studio.drive(world, await world.runs.claim(ended.run_id))
        studio.model.away = False
        done = await studio.drive(world, await world.runs.claim(ended.run_id))
        reserved = (await world.budget(await world.runs.read(ended.run_id))).reserved
        problems = (await world.verify()).problems

    assert [ended.status, again.status, done.status] == ["held", "held", "done"]
    assert "model endpoint http://x" in str(ended.outcome["error"])
    assert f"interlock run resume {ended.run_id}" in str(ended.outcome["error"])
    assert studio.model.asked == 3
    assert names(studio.acted) == STEPS
    assert reserved == Amounts()
    assert problems == []
