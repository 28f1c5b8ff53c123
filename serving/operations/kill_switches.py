"""Kill switches: engaged by anybody the policy lets stop, released by whom the policy names."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, TypeGuard, assert_never, get_args

from interlock.runtime.errors import BadInput, NotFound
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.request import KillScope, Principal
from interlock.runtime.record.events import HOME
from interlock.runtime.record.logs import names
from interlock.runtime.run import subject
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.serving.desk import Desk

_NEAR: Final = 3  # names that are shown for one that is misspelt


@dataclass(frozen=True, kw_only=True, slots=True)
class Stopped:
    """How a switch was engaged."""

    decision: Decision
    #: False for a name that was taken as it is
    is_checked: bool

    @property
    def trouble(self) -> str:
        """Why no policy could be asked; empty when one was."""
        if not self.decision.unanswered:
            return ""
        return " ".join(reason.message for reason in self.decision.reasons)


async def engage(
    desk: Desk,
    scope: str,
    name: str,
    *,
    person: Principal,
    anyway: bool = False,
) -> Stopped:
    """Stop what the switch covers, from the next decision on; see `Acts.stop`.

    Raises `BadInput` for an unknown scope and `NotFound` for an unknown tenant, tool or run: a
    switch for nothing would stop nothing, and whoever engaged the switch would believe otherwise.
    With *anyway* the name of a tenant or a tool is taken as it is, for what is yet to come. Tools
    and acts are those that the policy names; where no policy names any, each name is taken.
    Tenants are those that have a log, and the one of the settings.
    """
    checked = _scope(scope, name)
    is_checked = await _exists(desk, checked, name, anyway=anyway)

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


async def release(desk: Desk, scope: str, name: str, *, person: Principal) -> bool:
    """Let go again, and say whether the switch was engaged.

    Releasing a switch that is not engaged changes nothing but is recorded.
    """
    checked = _scope(scope, name)
    switches = KillSwitches(desk.storage.store)

    async def work() -> bool:
        engaged = {(switch.scope, switch.id) for switch in await switches.list()}
        await switches.release(checked, name, by=person.id)
        return (checked, name) in engaged

    return await desk.acts.perform(
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


async def _exists(desk: Desk, scope: KillScope, name: str, *, anyway: bool) -> bool:
    """Whether it was checked that there is such a thing; raises when there is none."""
    if not name.isprintable():
        raise BadInput(
            what=f"kill switch {scope}",
            why="its name has hidden characters",
            next_step="Write the name again.",
        )
    match scope:
        case "all":
            return True
        case "run":
            await desk.storage.runs.read(name)
            return True
        case "tool":
            return not anyway and _is_among("tool", name, _tools(desk.bundle))
        case "tenant":
            return not anyway and _is_among("tenant", name, await _tenants(desk))
        case _:
            assert_never(scope)


def _is_among(kind: str, name: str, known: set[str]) -> bool:
    """Whether there are names to look *name* up in; raises `NotFound` when it is none of them."""
    if known and name not in known:
        near = get_close_matches(name, known, n=_NEAR) or sorted(known)
        raise NotFound(
            kind=kind,
            name=name,
            next_step=f"There is {', '.join(near)}. For what is yet to come say --anyway.",
        )
    return bool(known)


async def _tenants(desk: Desk) -> set[str]:
    logs = await desk.storage.store.read(names)
    return {desk.settings.tenant, *logs} - {HOME}


def _tools(bundle: Bundle | None) -> set[str]:
    """Return every tool and act that *bundle* names; none when there is no such list."""
    config = {} if bundle is None else bundle.data["rails"].get("config", {})
    return {*config.get("tools", {}), *config.get("acts", {})}
