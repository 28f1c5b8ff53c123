"""Runs: started, carried on, ended and erased by people."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from interlock.runtime.canonical import digest
from interlock.runtime.errors import BadInput, Code
from interlock.runtime.graph.driver import Ended
from interlock.runtime.policy.intent import Intent
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.store import Tx
from interlock.runtime.run import subject, turn, widening
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import OPEN, Run
from interlock.runtime.run.runs import Also
from interlock.runtime.run.widening import LONGEST_KIND
from interlock.serving.home import Home
from interlock.serving.operations import policies
from interlock.serving.policy.in_force import effects_of


async def start(
    home: Home,
    *,
    person: Principal,
    agent: str,
    request: Mapping[str, Any],
    claim: bool = True,
    priority: int = 0,
    not_before: int = 0,
    job: str = "",
    also: Also | None = None,
) -> Run:
    """Start a run of *agent* for *person* under the home's limits and autonomy, and claim the run.

    Without *claim* the run is left to workers; see `Runtime.start` for the order in which they take
    runs, and for *also*. The policy is told the digests of the request and of the settings. Request
    and permit are sealed with the run, so that erasing the run erases both. Under a policy that was
    not in force before, *person* must be one who may activate the policy. Raises `NotPermitted`,
    and what `Runtime.start` raises.
    """
    if not home.runtime.policy.is_configured:
        await _begin_policy(home, agent, person=person, is_queued=not claim)

    async def work(enter: Also, permitted: str) -> Run:
        def together(tx: Tx, run_id: str) -> None:
            if also is not None:
                also(tx, run_id)
            enter(tx, run_id)

        return await home.runtime.start(
            agent,
            request,
            principal=person,
            limits=home.settings.limits,
            autonomy=home.settings.autonomy,
            claim=claim,
            priority=priority,
            not_before=not_before,
            job=job,
            also=together,
            permitted=permitted,
        )

    return await home.runtime.acts.begin(
        work,
        person=person,
        arguments={
            "agent": agent,
            "request": digest(dict(request)),
            "settings": home.digest,
        },
        look=subject.tenant("run", agent),
    )


async def _begin_policy(
    home: Home,
    agent: str,
    *,
    person: Principal,
    is_queued: bool,
) -> None:
    """Activate the policy of *home*, unless the run begins under the release of a rollout."""
    if is_queued and await home.runtime.rollouts.begins(agent):
        return
    await policies.ensure_in_force(home, person=person)


async def resume(home: Home, run_id: str, *, person: Principal) -> Ended:
    """Carry on a run that is queued, waits, is held or lost its worker; see `Runtime.resume`."""

    async def work() -> Ended:
        return await home.runtime.resume(run_id)

    return await home.runtime.acts.perform(
        "run.resume",
        work,
        person=person,
        arguments={"run": run_id},
        look=subject.run(run_id),
    )


async def repin(home: Home, run_id: str, *, person: Principal) -> None:
    """Pin an open run to the policy and all else that this home has now; see `pin.repin`.

    A policy that was not in force before is activated first, by *person*. Raises `NotPermitted`.
    """
    await policies.ensure_in_force(home, person=person)
    run = await home.runs.read(run_id)
    release = await home.runtime.releases.begun_under()
    pins = replace(await home.runtime.pins(run.agent), release=release)

    async def work() -> None:
        await home.runs.repin(run_id, pins=pins, by=person.id)

    await home.runtime.acts.perform(
        "run.repin",
        work,
        person=person,
        arguments={"run": run_id, "revision": pins.revision},
        look=subject.run(run_id),
    )


async def widen(
    home: Home,
    run_id: str,
    *,
    person: Principal,
    effects: Mapping[str, int | None],
    note: str,
) -> Intent:
    """Add to what the run may do, by kind of effect, and return all of it; see `widening.widen`.

    *person* must be who asked for the run. Raises `BadInput` ("no_kind") for a kind of effect that
    no tool of the policy in force has: nothing is added then.
    """

    async def work() -> Intent:
        for kind in sorted(effects.keys() - effects_of(home.bundle)):
            raise refused("no_kind", what=f"run {run_id}", kind=kind[:LONGEST_KIND])
        more = partial(
            widening.widen, run_id=run_id, more=effects, by=person.id, note=note
        )
        return await home.store.write(more, logs=(person.tenant,))

    return await home.runtime.acts.perform(
        "run.widen",
        work,
        person=person,
        arguments={"run": run_id, "effects": dict(effects), "note": note},
        look=subject.run(run_id),
    )


async def repin_all(
    home: Home, *, revision: str, person: Principal
) -> dict[str, Code | None]:
    """Pin anew every open run of the tenant of *person* whose revision begins with *revision*.

    Returns by run None for a run that was pinned anew, or the code of what refused it: one run that
    is worked on keeps no other from being pinned. Raises `NotPermitted`: nothing more is pinned.
    """
    outcomes: dict[str, Code | None] = {}
    for run in await home.runs.list(tenant=person.tenant):
        if run.status not in OPEN or not run.revision.startswith(revision):
            continue
        try:
            await repin(home, run.id, person=person)
            outcomes[run.id] = None
        except BadInput as error:
            outcomes[run.id] = error.code
    return outcomes


async def leave_to_workers(home: Home, run_id: str, *, person: Principal) -> None:
    """Let a worker carry the run on as soon as one is free; see `turn.hasten`."""

    async def work() -> None:
        hasten = partial(turn.hasten, run_id=run_id, by=person.id)
        await home.store.write(hasten, logs=(person.tenant,))

    await home.runtime.acts.perform(
        "run.resume",
        work,
        person=person,
        arguments={"run": run_id},
        look=subject.run(run_id),
    )


async def cancel(
    home: Home,
    run_id: str,
    *,
    person: Principal,
    undo: bool = False,
    drive: bool = True,
) -> None:
    """End a run for good: whoever works on the run can write nothing more.

    With *undo* its effects are undone first, as far as that goes now: an undo that waits for a
    person, or that a guard held up, is gone on with by whoever resumes the run, and by workers. The
    run is stopped before all that, whatever comes of the undoing. Without *drive* the undoing is
    left to workers altogether. Raises what `Runtime.resume` raises.
    """

    async def work() -> None:
        await home.runs.cancel(run_id, by=person.id, undo=undo)

    await home.runtime.acts.perform(
        "run.cancel",
        work,
        person=person,
        arguments={"run": run_id, "undo": undo},
        look=subject.run(run_id),
    )
    if undo and drive:
        await home.runtime.resume(run_id)


async def erase(home: Home, run_id: str, *, person: Principal) -> None:
    """Destroy everything that an ended run holds; the ledger keeps the entries and verifies."""

    async def work() -> None:
        await home.runs.erase(run_id, by=person.id)

    await home.runtime.acts.perform(
        "run.erase",
        work,
        person=person,
        arguments={"run": run_id},
        look=subject.run(run_id),
    )


async def resolve(
    home: Home,
    run_id: str,
    action_id: str,
    *,
    person: Principal,
    happened: bool,
    note: str,
) -> None:
    """Record what *person* found of an action whose outcome is unknown; nothing is tried again."""

    async def work() -> None:
        await home.runs.resolve(
            run_id, action_id, person=person, happened=happened, note=note
        )

    await home.runtime.acts.perform(
        "action.resolve",
        work,
        person=person,
        arguments={
            "run": run_id,
            "action": action_id,
            "happened": happened,
            "note": note,
        },
        look=subject.action(run_id, action_id),
    )
