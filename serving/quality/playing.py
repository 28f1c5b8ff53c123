"""Playing: a canary's run does what its model run did, and nothing of that touches anything.

    the model run -> the same calls through the door, with the results on record -> the bad question

Each call is decided by the policy in force and recorded as work is. In place of the tool acts a
player, which gives back what the record of the model run holds and takes as long; so no model is
asked, no file is read and nothing outside is changed (fails closed: a tool without a player refuses
to act).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import orjson

from interlock.runtime.canonical import Json
from interlock.runtime.door.calls import Calls
from interlock.runtime.door.enforcement import EnforcementPoint
from interlock.runtime.door.outcome import Done, Failed, Outcome, Waiting
from interlock.runtime.door.tool import Acted, AnyTool, ToolFailed, Value
from interlock.runtime.policy.decision import Denied, Permit
from interlock.runtime.run.run import Run
from interlock.runtime.run.shelf import Shelf
from interlock.serving.home import Home
from interlock.serving.quality.change import rewritten
from interlock.serving.quality.model_run import ModelRun, Step

#: What comes of a call whose model came to that end
_SAME: Final[Mapping[str, type[Outcome]]] = {
    "done": Done,
    "failed": Failed,
    "denied": Denied,
}


class Player:
    """Does in one run of a canary what its model did; lives as long as that."""

    def __init__(
        self, home: Home, run: Run, model: ModelRun, *, before: str, after: str
    ) -> None:
        self._home = home
        self._run = run
        self._model = model
        self._texts = before, after
        self._tools = home.pep.by_agent[run.agent]
        self._number = 0

    async def ask(self, tool: str, arguments: dict[str, Json]) -> str | None:
        """Do what the model did, then ask; return the approval, or None where nobody is asked."""
        for stage in self._model.stages:
            calls = Calls()
            ends = await asyncio.gather(*(self._play(step, calls) for step in stage))
            if not all(ends):
                return None
        asked = await self._door(tool, inert(self._tools[tool])).enforce(
            self._run,
            tool=tool,
            arguments=arguments,
            call_id="asked",
            offered=self._model.offered,
        )
        return asked.approval_id if isinstance(asked, Waiting) else None

    async def _play(self, step: Step, calls: Calls) -> bool:
        """Do one call again, and say whether it came to the same end."""
        self._number += 1
        tool = self._tools.get(step.tool)
        if tool is None:
            return False
        outcome = await self._door(step.tool, self._played(tool, step)).enforce(
            self._run,
            tool=step.tool,
            arguments=rewritten(step.arguments, *self._texts),
            call_id=str(self._number),
            offered=step.offered,
            calls=calls,
        )
        return isinstance(outcome, _SAME[step.action.state])

    def _door(self, name: str, tool: AnyTool) -> EnforcementPoint:
        """Return a door behind which there is that tool and no other."""
        home = self._home
        return EnforcementPoint(
            store=home.store,
            vault=home.vault,
            pdp=home.pdp,
            tools={name: tool},
            by_agent={self._run.agent: {name: tool}},
            spoken=home.pep.spoken,
        )

    def _played(self, tool: AnyTool, step: Step) -> AnyTool:
        """Return the tool with a player in place of what it does."""

        async def act(permit: Permit, _: Value) -> Value:
            await asyncio.sleep(step.wall_ms / 1000)
            if step.action.state == "failed":
                cause = orjson.loads(step.action.result or b"{}")
                raise ToolFailed(code=cause["code"], detail=cause["detail"])
            await self._keep(permit, step)
            result = orjson.loads(step.action.result or b"null")
            said = orjson.dumps(rewritten(result, *self._texts))
            value: Value = tool.result.model_validate_json(said)
            return value

        async def seen(_: Acted[Any, Any]) -> bool:
            return True

        is_seen = step.action.readback == "confirmed"
        return replace(
            tool,
            act=act,
            reconcile=None,
            readback=seen if is_seen else None,
            needs_readback=False,
        )

    async def _keep(self, permit: Permit, step: Step) -> None:
        for kind, thing in step.kept:
            shelf = Shelf(
                store=self._home.store,
                vault=self._home.vault,
                kind=kind,
            )
            await shelf.keep_now(
                permit,
                key=thing.key,
                body=thing.body,
                status=thing.status,
            )


def inert(tool: AnyTool) -> AnyTool:
    """Return the tool, which refuses to act."""
    return replace(
        tool,
        act=_refuse,
        readback=None,
        reconcile=None,
    )


async def _refuse(permit: Permit, arguments: Value) -> Value:
    raise ToolFailed(code="canary", detail="a canary acts on nothing")
