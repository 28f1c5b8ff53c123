"""Tools that write notes, an engine that permits everything, and what the ledger says then."""

from typing import Any

from interlock.runtime.door.tool import AnyTool, tool
from interlock.runtime.policy.decision import Decision, Obligation, Permit, Reason
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import AccessRequest, ActionClass, Resource
from interlock.runtime.run.run import Run
from interlock.runtime.testing import REVISION, Note, World

WEB = Label(integrity="untrusted", confidentiality="internal", sources=("web",))
GRANT = Reason(code="granted", rule="static")


class Scripted:
    """A decision point that permits everything, with obligations of the test's choice."""

    engine, revision = "scripted", REVISION

    def __init__(self, *obligations: Obligation) -> None:
        self._obligations = obligations

    async def decide(self, request: AccessRequest) -> Decision:
        """Permit."""
        return Decision(
            effect="permit",
            reasons=(GRANT,),
            obligations=self._obligations,
            revision=self.revision,
            engine=self.engine,
        )


def raising(
    error: BaseException,
    *,
    name: str = "note.write",
    action: ActionClass = "write",
    **options: Any,
) -> AnyTool:
    """Return a tool whose act raises *error*."""

    @tool(
        name,
        action=action,
        resource=lambda a: Resource(type="note", id=""),
        **options,
    )
    async def act(permit: Permit, arguments: Note) -> Note:
        """Act as the test says."""
        raise error

    return act


async def events(world: World) -> list[tuple[str, str]]:
    """Return event and state of every ledger entry that concerns an action."""
    await world.store.write(lambda _: None)
    entries = await world.entries()
    return [
        (each["event"], each["state"])
        for each in entries
        if "action" in each and "state" in each
    ]


async def durable(world: World, run: Run) -> None:
    await world.store.durable(run.claim)
