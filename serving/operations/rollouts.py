"""Rollouts: started by a person as a promotion is, paused, let go on, and ended by people.

Whoever starts a rollout agrees to what the controller may do by itself: put the release in force
once no run says that it is worse, and take it back once one does.
"""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from sqlalchemy import Connection

from interlock.runtime.canonical import Json
from interlock.runtime.policy.act import Act
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.events import HOME
from interlock.runtime.record.store import Tx
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import (
    promotion,
    release,
    release_subject,
    rollout,
    rollout_result,
)
from interlock.runtime.run.pin import Pins
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.release import Release
from interlock.runtime.run.releases import refuse_other
from interlock.runtime.run.rollout import Plan, Rollout
from interlock.runtime.run.subject import Look
from interlock.runtime.run.unreleased import AnotherRelease
from interlock.runtime.storage import Storage
from interlock.serving import releases
from interlock.serving import rollouts as looks
from interlock.serving.desk import Desk
from interlock.serving.home import Home, opened

#: What a person may do with a rollout that is under way
Turn: TypeAlias = Literal["paused", "resumed", "stopped"]
#: Of the id of a rollout
_BYTES: Final = 4
_WHOLE: Final = 100
_OF: Final[Mapping[Turn, str]] = {
    "paused": "live",
    "resumed": "paused",
    "stopped": "open",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Arms:
    """The two releases of a rollout that is to begin, each verified."""

    candidate: Release
    control: Release
    #: The newest rollout before, over or none
    before: Rollout | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What the policy is asked where a person turns a rollout."""

    act: Act
    arguments: dict[str, Json]
    look: Look


async def start(
    home: Home, name: str, *, plan: Plan, person: Principal, note: str
) -> Rollout:
    """Begin to roll the release *name* out, or the one that begins so, beside the one in force.

    The policy in force decides as it does about a promotion. The candidate is opened here, so its
    code must be installed; where that of the release in force is not, only processes of that one
    begin runs of it. Raises `NotPermitted`, `NotFound`, `AnotherRelease` where the candidate's code
    is not installed, and `BadInput` while another rollout is open ("rollout_open"), for a release
    that is in force or takes other requests ("rollout_unlike"), for steps that are none
    ("rollout_step"), and where something else was decided meanwhile ("rollout_moved").
    """
    _refuse_steps(plan)
    storage = home.runtime.storage
    one = await releases.read(storage, name)
    # Whoever halts a rollout while this is decided is overruled by nothing that was decided before.
    before = await looks.newest(storage)
    after = -1 if before is None else before.seq
    return await home.runtime.acts.perform(
        "rollout.start",
        partial(_start, home, one.digest, plan=plan, by=person.id, after=after),
        person=person,
        arguments={
            "release": one.digest,
            "plan": _words(plan),
            "note": note,
        },
        look=release_subject.made(one.digest, owner=home.settings.tenant),
    )


async def _start(home: Home, name: str, *, plan: Plan, by: str, after: int) -> Rollout:
    storage = home.runtime.storage
    arms = await _arms(storage, name)
    begun = Rollout(
        id=f"rollout-{secrets.token_hex(_BYTES)}",
        candidate=name,
        control=arms.control.digest,
        by=by,
        plan=plan,
        pins=await _pins_of(home, arms),
        seq=after,
    )
    work = partial(_begin, vault=storage.vault, begun=begun)
    return await storage.store.write(work, logs=(HOME,))


def _begin(tx: Tx, *, vault: Vault, begun: Rollout) -> Rollout:
    """Record that the rollout begins; what ended before is counted in none of its steps."""
    _refuse_other_in_force(tx, vault, begun)
    started = replace(
        begun,
        since=tx.now,
        seen=rollout_result.heads(tx.connection),
    )
    rollout.turn(tx, vault, started, how="started")
    return started


async def turn(
    desk: Desk, *, how: Turn, person: Principal, note: str, name: str = ""
) -> Rollout:
    """Pause the rollout that is under way, let it go on, or end it with the control in force.

    A rollout that gave the candidate every run is ended, not paused: its controller would watch no
    more while every run is the candidate's. What a person put in force meanwhile stays. To let it
    go on is an act of its own: by default neither who made the release nor who started its rollout
    overrules somebody else who paused it. Raises `NotPermitted`, `NotFound` where no rollout has
    that *name*, and `BadInput` where there is none to do that with ("no_rollout") and where
    something else was decided meanwhile ("rollout_moved").
    """
    storage, vault = desk.storage, desk.storage.vault
    here = await looks.newest(storage)
    if name and (here is None or here.id != name):
        here = await looks.standing(storage.store, vault, name)
    if here is None:
        raise refused("no_rollout", what="a rollout", wanted=_OF[how])

    def work(tx: Tx) -> None:
        _refuse_state(here, how)
        rollout.turn(tx, vault, here, how=how, by=person.id)

    asked = _asked(here, how, note, owner=desk.settings.tenant)
    await desk.acts.perform(
        asked.act,
        partial(storage.store.write, work, logs=(HOME,)),
        person=person,
        arguments=asked.arguments,
        look=asked.look,
    )
    return await looks.standing(storage.store, vault, here.id)


def _refuse_state(here: Rollout, how: Turn) -> None:
    wanted = _OF[how]
    if not here.is_open or wanted not in {"open", here.status}:
        raise refused("no_rollout", what=f"rollout {here.id}", wanted=wanted)
    if how == "paused" and here.is_whole:
        raise refused("no_rollout", what="a pause", wanted="at a step of some runs")


def _asked(here: Rollout, how: Turn, note: str, *, owner: str) -> _Asked:
    """Return the act by which a person turns the rollout so."""
    if how == "resumed":
        return _Asked(
            act="rollout.resume",
            arguments={
                "rollout": here.id,
                "note": note,
            },
            look=release_subject.paused(here.candidate, owner=owner),
        )
    return _Asked(
        act="rollout.turn",
        arguments={
            "rollout": here.id,
            "how": how,
            "note": note,
        },
        look=release_subject.made(here.candidate, owner=owner),
    )


def _words(plan: Plan) -> str:
    """Return the plan in words that a person agrees to."""
    steps = ",".join(str(step) for step in plan.steps)
    shadow = f"{plan.shadow} copies, " if plan.shadow else ""
    return f"{shadow}{plan.kind} {steps}; {plan.least_runs} runs, {plan.hold_s} s"


async def _arms(storage: Storage, name: str) -> Arms:
    vault = storage.vault

    def look(connection: Connection) -> Arms:
        in_force = promotion.newest(connection, vault).release
        candidate = release.read(connection, vault, name)
        if in_force in {"", name}:
            raise refused("rollout_unlike", what=f"release {name[:12]}")
        return Arms(
            candidate=candidate,
            control=release.read(connection, vault, in_force),
            before=rollout.newest(connection, vault),
        )

    arms = await storage.store.read(look)
    _refuse_unlike(arms)
    if arms.before is not None and arms.before.is_open:
        raise refused("rollout_open", what=f"release {name[:12]}", open=arms.before.id)
    return arms


async def _pins_of(home: Home, arms: Arms) -> dict[str, dict[str, Pins]]:
    """Return the pins of the candidate's runs, and of the control's where it is installed here."""
    pins = {arms.candidate.digest: await _pins(home, arms.candidate)}
    with suppress(AnotherRelease):
        pins[arms.control.digest] = await _pins(home, arms.control)
    return pins


async def _pins(home: Home, one: Release) -> dict[str, Pins]:
    """Return what runs of each agent are pinned to under the release; raises `AnotherRelease`."""
    async with opened(home.settings, under=one.digest) as under:
        refuse_other(one, under.runtime.releases.parts)
        return await _pins_under(under, one.digest)


async def _pins_under(home: Home, name: str) -> dict[str, Pins]:
    return {
        agent: replace(await home.runtime.pins(agent), release=name)
        for agent in home.runtime.agents
    }


def _refuse_unlike(arms: Arms) -> None:
    """Refuse releases of other requests: whoever begins a run checks the request for both."""
    candidate = arms.candidate
    if candidate.manifest.parts["data"] != arms.control.manifest.parts["data"]:
        raise refused("rollout_unlike", what=f"release {candidate.digest[:12]}")


def _refuse_other_in_force(tx: Tx, vault: Vault, begun: Rollout) -> None:
    in_force = promotion.newest(tx.connection, vault).release
    if in_force != begun.control:
        raise refused(
            "another_in_force",
            what=f"rollout of {begun.candidate[:12]}",
            in_force=in_force[:12],
            decided=begun.control[:12],
        )


def _refuse_steps(plan: Plan) -> None:
    """Refuse steps of which none is compared before the candidate gets every run.

    Where runs are copied first, a step of no runs comes before those.
    """
    steps = plan.steps[1:] if plan.shadow else plan.steps
    is_rising = all(one < other for one, other in pairwise(steps))
    is_compared = len(steps) > 1 and steps[0] > 0 and is_rising and steps[-1] == _WHOLE
    if plan.shadow:
        is_compared = is_compared and plan.steps[:1] == (0,)
    if plan.kind == "blue_green":
        is_compared = plan.steps == rollout.STEPS["blue_green"] and not plan.shadow
    if not is_compared:
        raise refused("rollout_step", what=f"rollout by {steps}")
