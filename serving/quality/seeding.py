"""Seeding: canaries are made of what people were asked before, and put before them as that was.

    a request that was asked -> one thing made bad -> the run that asked, played again -> the policy

A canary passes the policy in force: what the policy itself denies never reaches a reviewer, so it
would measure nobody. Its run is a real one played again, its tools refuse to act, it is claimed by
nobody else, and its verdict ends it: nothing comes of it (fails closed).
"""

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from interlock.runtime.canonical import Json, digest
from interlock.runtime.graph.intended import stated
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.store import Tx
from interlock.runtime.run import canary, erasure, rehearsal, subject
from interlock.runtime.run.question import ApprovalSummary
from interlock.runtime.run.run import NewRun, Run
from interlock.runtime.run.runs import Also
from interlock.runtime.run.shelf import Shelf
from interlock.serving.home import Home
from interlock.serving.quality import catalogue
from interlock.serving.quality.catalogue import Entry
from interlock.serving.quality.change import changed, replaced, rewritten
from interlock.serving.quality.model_run import ModelRun, model_run
from interlock.serving.quality.playing import Player
from interlock.serving.worker import name

#: Of so many approvals, the newest, canaries are made
NEWEST: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Bad:
    """What a canary asks for, and the run that it is modelled on."""

    model: ModelRun
    arguments: dict[str, Json]
    before: str
    after: str


async def seed(
    home: Home,
    number: int,
    *,
    person: Principal,
    chance: random.Random | None = None,
    run_id: str = "",
) -> int:
    """Put up to *number* canaries before the reviewers of the person's tenant; return how many.

    Fewer where too little was asked before to make them of, or where the policy denies what is
    made. The run of the first one is called *run_id*, where that is said.

    Raises `NotPermitted`, and `BadInput` for a catalogue that cannot be read and for a run that is
    there ("taken_already").
    """
    known = list(catalogue.entries(home.settings.home).values())
    drawn = chance or random.Random(secrets.randbits(64))  # noqa: S311 - which request is no secret

    async def work() -> int:
        put = 0
        for row in await _asked(home, person.tenant, known, drawn):
            bad = await _bad(home, row, known, drawn)
            if bad is not None:
                put += await _put(home, bad, run_id=run_id)
            if put == number:
                break
        return put

    return await home.runtime.acts.perform(
        "quality.seed",
        work,
        person=person,
        arguments={"number": number},
        look=subject.tenant("quality", "canaries"),
    )


async def _asked(
    home: Home, tenant: str, known: Sequence[Entry], chance: random.Random
) -> Sequence[ApprovalSummary]:
    """Return what people were asked, in an order of chance, as often as it could be made bad."""
    listed = await home.approvals.list(tenant=tenant, limit=NEWEST)
    asked = [
        row
        for row in listed
        for entry in known
        if entry.tool == row.tool and not canary.is_canary(home.vault, row.run_id)
    ]
    chance.shuffle(asked)
    return asked


async def _bad(
    home: Home, row: ApprovalSummary, known: Sequence[Entry], chance: random.Random
) -> Bad | None:
    """Return one way to make bad what was asked; None where its run is no model."""
    model = await model_run(home, row.id)
    if model is None:
        return None
    arguments: Any = model.question.evidence["arguments"]
    fitting = [entry for entry in known if entry.tool == row.tool]
    chance.shuffle(fitting)
    for entry in fitting:
        bad = changed(entry, arguments, chance)
        if bad is not None:
            return Bad(
                model=model,
                arguments=bad[0],
                before=bad[1],
                after=bad[2],
            )
    return None


async def _put(home: Home, bad: Bad, *, run_id: str) -> int:
    """Put the canary before people, and return 1; 0 where the policy asks nobody about it."""
    run = await _begun(home, bad, run_id or canary.named(home.vault))
    if run is None:
        return 0
    try:
        with home.runs.beating(run):
            player = Player(home, run, bad.model, before=bad.before, after=bad.after)
            waiting = await player.ask(bad.model.question.tool, bad.arguments)
            if waiting is None:
                await home.runs.end(run, "cancelled", {})
                return 0
            outcome = rewritten(bad.model.outcome, bad.before, bad.after)
            await home.runs.end(run, "waiting", outcome, waiting=[waiting])
            return 1
    finally:
        home.runs.give_back(run)


async def _begun(home: Home, bad: Bad, run_id: str) -> Run | None:
    """Begin the run as its model began, and claim it; None where the policy denies that now."""
    model = bad.model
    new = await _new(home, bad, run_id)

    async def work(enter: Also) -> Run:
        def also(tx: Tx, run_id: str) -> None:
            _hand_in(tx, home, model, run_id)
            enter(tx, run_id)

        return await home.runs.start(new, claim=not model.queued, also=also)

    act = {**model.act, "request": digest(new.request)}
    run = await home.runtime.acts.play(
        work,
        person=model.person,
        arguments=act,
        look=subject.tenant("run", new.agent),
    )
    if run is None or not model.queued:
        return run
    return await rehearsal.claim(
        home.store,
        home.vault,
        run.id,
        tenant=run.tenant,
        by=name(),
    )


def _hand_in(tx: Tx, home: Home, model: ModelRun, run_id: str) -> None:
    """Keep for the run what was handed in with its model; raises for a model that was erased."""
    erasure.key_of(tx.connection, home.vault, model.run.id)
    for kind, thing in model.submitted:
        shelf = Shelf(
            store=home.store,
            vault=home.vault,
            kind=kind,
        )
        shelf.begin(
            tx,
            run_id=run_id,
            tenant=model.person.tenant,
            key=thing.key,
            body=thing.body,
        )


async def _new(home: Home, bad: Bad, run_id: str) -> NewRun:
    """Return the run to begin; what its words ask for is read anew, as it is of work."""
    base = bad.model.run
    pins = await home.runtime.pins(base.agent)
    fields = stated(
        home.runtime.agents[base.agent],
        replaced(base.request, bad.before, bad.after),
        home.runtime.policy.configured_bundle,
    )
    return NewRun(
        id=run_id,
        agent=base.agent,
        principal=base.principal,
        **fields,
        limits=home.settings.limits,
        autonomy=base.autonomy,
        revision=pins.revision,
        pins=pins.others,
        release=base.release,
        priority=base.priority,
    )
