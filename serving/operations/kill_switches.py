"""Kill switches: engaged by anybody the policy lets stop, released by whom the policy names."""

from dataclasses import dataclass
from typing import TypeGuard, get_args

from interlock.runtime.errors import BadInput, NotFound
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.request import KillScope, Principal
from interlock.runtime.run import subject
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.serving.desk import Desk


@dataclass(frozen=True, kw_only=True, slots=True)
class Stopped:
    """How a switch was engaged."""

    decision: Decision
    #: False for a tool when no policy says which tools there are
    is_checked: bool

    @property
    def trouble(self) -> str:
        """Why no policy could be asked; empty when one was."""
        if not self.decision.unanswered:
            return ""
        return " ".join(reason.message for reason in self.decision.reasons)


async def engage(desk: Desk, scope: str, name: str, *, person: Principal) -> Stopped:
    """Stop what the switch covers, from the next decision on; see `Acts.stop`.

    Raises `BadInput` for an unknown scope and `NotFound` for an unknown tool or run:
    a switch for nothing would stop nothing, and whoever engaged the switch would believe otherwise.
    Tools and acts are those that the policy names; where no policy names any, each name is taken.
    """
    checked = _scope(scope, name)
    is_checked = await _exists(desk, checked, name)

    async def work() -> None:
        await KillSwitches(desk.storage.store).engage(checked, name, by=person.id)

    decision = await desk.acts.stop(
        "kill_switch.engage",
        work,
        person=person,
        arguments={"scope": scope, "id": name},
        look=subject.installation("kill_switch", _named(scope, name)),
    )
    return Stopped(decision=decision, is_checked=is_checked)


async def release(desk: Desk, scope: str, name: str, *, person: Principal) -> None:
    """Let go again; releasing a switch that is not engaged changes nothing but is recorded."""
    checked = _scope(scope, name)

    async def work() -> None:
        await KillSwitches(desk.storage.store).release(checked, name, by=person.id)

    await desk.acts.perform(
        "kill_switch.release",
        work,
        person=person,
        arguments={"scope": scope, "id": name},
        look=subject.installation("kill_switch", _named(scope, name)),
    )


def _scope(scope: str, name: str) -> KillScope:
    if not _is_scope(scope) or (scope == "all") != (name == ""):
        raise BadInput(
            what=f"kill switch {_named(scope, name)}",
            why="there is no such switch",
            next_step="Say `all`, or tenant, tool or run with a name.",
        )
    return scope


def _is_scope(text: str) -> TypeGuard[KillScope]:
    return text in get_args(KillScope)


def _named(scope: str, name: str) -> str:
    return f"{scope} {name}".strip()


async def _exists(desk: Desk, scope: KillScope, name: str) -> bool:
    """Whether it was checked that there is such a thing; raises when there is none."""
    if not name.isprintable():
        raise BadInput(
            what=f"kill switch {scope}",
            why="its name has hidden characters",
            next_step="Write the name again.",
        )
    if scope == "run":
        await desk.storage.runs.read(name)
    if scope != "tool":
        return True
    tools = _tools(desk.bundle)
    if tools and name not in tools:
        listed = ", ".join(sorted(tools))
        raise NotFound(kind="tool", name=name, next_step=f"Tools are {listed}.")
    return bool(tools)


def _tools(bundle: Bundle | None) -> set[str]:
    """Return every tool and act that *bundle* names; none when there is no such list."""
    config = {} if bundle is None else bundle.data["rails"].get("config", {})
    return {*config.get("tools", {}), *config.get("acts", {})}
