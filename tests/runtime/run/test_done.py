"""What a run has done counts as it is where an effect begins, not as it was when it was decided."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from interlock.runtime.door.outcome import Done, Failed
from interlock.runtime.door.tool import AnyTool, ToolFailed, Value, tool
from interlock.runtime.policy.decision import Decision, Permit
from interlock.runtime.policy.request import AccessRequest
from interlock.runtime.testing import Effects, StaticPoint, World


class Letter(Value):
    """A letter."""

    text: str = ""


class Meanwhile(StaticPoint):
    """Lets *happen* come to its end before it answers about the letter "late", the first time."""

    happen: Callable[[], Awaitable[None]] | None = None

    async def decide(self, request: AccessRequest) -> Decision:
        """Answer as the table says."""
        happen = self.happen
        if happen is not None and request.action.arguments.get("text") == "late":
            self.happen = None
            await happen()
        return await super().decide(request)


def failing(begun: asyncio.Event, release: asyncio.Event) -> AnyTool:
    """Return a tool that fails once it is let go."""

    @tool("mail.fail", action="write", codes=("full",))
    async def fail(permit: Permit, arguments: Letter) -> Letter:
        """Send nothing."""
        begun.set()
        await release.wait()
        raise ToolFailed(code="full")

    return fail


async def test_one_effect_that_failed_hides_no_other_that_began(
    tmp_path: Path, database_url: str
) -> None:
    """While the policy decides about a letter, an effect fails and another letter is sent: the
    effects are as many as before, and the policy is asked again with the letter that was sent.
    """
    begun, release = asyncio.Event(), asyncio.Event()
    point = Meanwhile(effects=dict.fromkeys(("mail.send", "mail.fail"), "permit"))
    tools = [Effects().tool("mail.send"), failing(begun, release)]
    async with World(tmp_path, tools=tools, pdp=point, url=database_url) as world:
        run = await world.start(intent={"message.send": 5})

        async def send(text: str) -> None:
            outcome = await world.pep.enforce(
                run, tool="mail.send", arguments={"text": text}, call_id=text
            )
            assert isinstance(outcome, Done)

        fails = asyncio.create_task(
            world.pep.enforce(run, tool="mail.fail", arguments={}, call_id="fails")
        )
        await begun.wait()

        async def happen() -> None:
            release.set()
            assert isinstance(await fails, Failed)
            await send("early")

        point.happen = happen
        await send("late")

    asked = [
        dict(request.context.done)
        for request in point.asked
        if request.action.arguments.get("text") == "late"
    ]
    assert asked == [{"mail.fail": 1}, {"mail.send": 1}]
