"""Kill switches: engaged by anybody the policy lets stop, released by whom the policy names."""

from typing import TypeGuard, get_args

from interlock.runtime.errors import BadInput, NotFound
from interlock.runtime.policy.request import KillScope, Principal
from interlock.runtime.run import subject
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.serving.home import Home


async def engage(home: Home, scope: str, name: str, *, person: Principal) -> None:
    """Stop what the switch covers, from the next decision on.

    Raises `BadInput` for an unknown scope and `NotFound` for an unknown tool or run:
    a switch for nothing would stop nothing, and whoever engaged the switch would believe otherwise.
    """
    checked = _scope(scope, name)
    await _exists(home, checked, name)

    async def work() -> None:
        await KillSwitches(home.store).engage(checked, name, by=person.id)

    await home.runtime.acts.perform(
        "kill_switch.engage",
        work,
        person=person,
        arguments={"scope": scope, "id": name},
        look=subject.installation("kill_switch", _named(scope, name)),
    )


async def release(home: Home, scope: str, name: str, *, person: Principal) -> None:
    """Let go again; releasing a switch that is not engaged changes nothing but is recorded."""
    checked = _scope(scope, name)

    async def work() -> None:
        await KillSwitches(home.store).release(checked, name, by=person.id)

    await home.runtime.acts.perform(
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


async def _exists(home: Home, scope: KillScope, name: str) -> None:
    config = home.bundle.data["rails"].get("config", {})
    known = home.runtime.tools.keys() | config.get("tools", {}).keys()
    if scope == "tool" and name not in known:
        tools = ", ".join(sorted(known))
        raise NotFound(kind="tool", name=name, next_step=f"Tools are {tools}.")
    if scope == "run":
        await home.runs.read(name)
    if not name.isprintable():
        raise BadInput(
            what=f"kill switch {scope}",
            why="its name has hidden characters",
            next_step="Write the name again.",
        )
