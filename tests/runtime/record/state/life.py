"""Everything that happens in a home: each kind of entry, and each table with rows."""

import time
from dataclasses import replace

import pytest
from sqlalchemy import select
from tests.runtime.record.state.place import Point, act, decide, keep

from interlock.runtime.door.outcome import Expired
from interlock.runtime.record.store import Tx, postgresql, tables
from interlock.runtime.run import (
    account,
    canary,
    delivery,
    job,
    limit,
    webhook,
    widening,
)
from interlock.runtime.run.api_key import ApiKey, keep_key
from interlock.runtime.run.deposit import Deposit, Deposits
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.run.pin import Pins
from interlock.runtime.run.retention import prune
from interlock.runtime.run.run import Run
from interlock.runtime.testing import REVIEWER, World


async def lived(home: World) -> None:
    """Let everything happen that can happen to a run."""
    run = await home.start(intent={"note.keep": 2})
    more = {"note.keep": 1, "note.send": None}
    await home.store.write(
        lambda tx: widening.widen(tx, run_id=run.id, more=more, by="ana", note="both"),
        logs=(run.tenant,),
    )
    for call, tool in enumerate(
        ("note.write", "note.read", "note.refuse", "note.break", "none")
    ):
        await act(home, run, tool, f"{call}")
    await home.store.write(
        lambda tx: limit.raise_limit(
            tx,
            budget_id=run.budget_id,
            kind="tokens",
            amount=5,
            by="ada",
        ),
        logs=(run.tenant,),
    )
    for verdict in ("approved", "rejected"):
        waiting = await act(home, run, "note.wait", verdict)
        await decide(home, waiting, verdict)
        await act(home, run, "note.wait", verdict)
    await act(home, run, "note.wait", "open")
    await keep(home, run, "first", "second")
    await home.runs.end(run, "waiting", {"said": "wait"})
    again = await home.runs.claim(run.id)
    await act(home, again, "note.write", "again")
    unknown = await home.store.read(
        lambda connection: connection.execute(
            select(tables.action.c.id).where(tables.action.c.state == "unknown")
        ).scalar_one()
    )
    await home.runs.resolve(
        run.id, unknown, person=REVIEWER, happened=True, note="it is there"
    )
    for scope, name in (("all", ""), ("run", run.id), ("tool", "x")):
        await KillSwitches(home.store).engage(scope, name, by="ana")  # type: ignore[arg-type]  # from the list above
    await KillSwitches(home.store).release("all", "", by="ana")
    await _cancelled(home)
    await _erased(home)
    await _held(home)
    await _pinned_anew(home)
    await _expired(home)
    await _met(home)
    await _submitted(home, run)
    await _admitted(home, run.tenant)


async def _submitted(home: World, run: Run) -> None:
    new = job.NewJob(
        id="job-1",
        tenant=run.tenant,
        agent="note",
        by="ana",
        request={},
        priority=0,
        limits={},
        items=2,
    )

    def work(tx: Tx) -> None:
        job.submit(tx, home.vault, new)
        one = job.NewItem(job=new.id, seq=0, path="a.txt", document="0")
        job.take(tx, home.vault, one, run_id=run.id)
        other = job.NewItem(job=new.id, seq=7, path="b.txt", refused="duplicate")
        job.take(tx, home.vault, other)
        job.turn(tx, new.id, "paused", by="ana")

    await home.store.write(work, logs=(run.tenant,))


async def _admitted(home: World, tenant: str) -> None:
    def work(tx: Tx) -> None:
        first = account.Account(name="ana", tenant=tenant)
        owner = account.keep_account(tx, home.vault, first, by="ada")
        account.keep_account(tx, home.vault, replace(first, hashed="h"), by="ana")
        key = ApiKey(
            id="a1",
            name="billing",
            owner="ana",
            tenant=tenant,
            account=owner,
            roles=("analyst",),
            proof="p",
            state="active",
            expires=1_900_000_000,
        )
        keep_key(tx, home.vault, key, by="ana")
        keep_key(tx, home.vault, replace(key, state="revoked"), by="ana")
        _told(tx, home, tenant)

    await home.store.write(work, logs=(tenant,))
    deposits = Deposits(store=home.store, vault=home.vault)
    new = Deposit(digest="sha256:0", name="a.txt", size=1, kind="text")
    assert await deposits.keep(new, b"a", tenant=tenant, by="ana")
    assert not await deposits.keep(new, b"a", tenant=tenant, by="ana")


def _told(tx: Tx, home: World, tenant: str) -> None:
    """Let a webhook be told two things, of which one comes about."""
    hook = webhook.Webhook(
        id="wh-1",
        tenant=tenant,
        owner="ada",
        url="https://hook.example/",
        events=("run.ended",),
        state="active",
        secrets=(webhook.Secret(text="whsec_AA=="),),
        told=3,
    )
    webhook.keep_webhook(tx, home.vault, hook, by="ada")
    webhook.keep_webhook(tx, home.vault, replace(hook, state="disabled"), by="ada")
    drafts = [
        delivery.Draft(id=name, event="run.ended", body=b"{}") for name in ("m1", "m2")
    ]
    delivery.tell(tx, home.vault, hook, drafts, told=7)
    [one, _] = delivery.deliveries_of(tx.connection, hook, after=None, limit=9)
    delivery.turn(
        tx,
        one,
        state="delivered",
        code="delivered",
        attempts=1,
        due=0,
        until=one.until,
        of_claim=None,
    )
    prune(tx, tenant, before=tx.now + 1)
    webhook.keep_webhook(tx, home.vault, replace(hook, state="removed"), by="ada")


async def _pinned_anew(home: World) -> None:
    run = await home.start()
    await decide(home, await act(home, run, "note.wait", "agreed"), "approved")
    await act(home, run, "note.wait", "asked")
    await home.runs.end(run, "waiting", {"said": "wait"})
    pins = Pins(revision="1" * 64, others={"sender": "legal"})
    await home.runs.repin(run.id, pins=pins, by="ada")


async def _met(home: World) -> None:
    """Have a canary decided, one expire, and one cancelled."""
    for end in ("approved", "expired", "cancelled"):
        bait = await home.start(run_id=canary.named(home.vault))
        waiting = await act(home, bait, "note.wait", end)
        await home.runs.end(bait, "waiting", {}, waiting=[waiting.approval_id])
        match end:
            case "approved":
                await decide(home, waiting, "approved")
            case "expired":
                await _in_time(home, waiting.approval_id)
            case _:
                await home.runs.cancel(bait.id, by="ana")


async def _in_time(home: World, approval: str) -> None:
    """Have it recorded that the time of the approval is up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(home.store, "now", lambda _: int(time.time()) + 86_400)
        await home.approvals.expire([approval], tenant="default")


async def _expired(home: World) -> None:
    run = await home.start()
    assert isinstance(home.pdp, Point)
    late = [await act(home, run, "note.wait", call) for call in ("told", "seen")]
    home.pdp.clock.now += 86_400
    with pytest.MonkeyPatch.context() as patch:
        tomorrow = int(time.time()) + 86_400
        patch.setattr(postgresql, "now", lambda connection: tomorrow)
        assert isinstance(await act(home, run, "note.wait", "told"), Expired)
        await home.approvals.expire([late[1].approval_id], tenant="default")


async def _cancelled(home: World) -> None:
    run = await home.start()
    await act(home, run, "note.wait", "withdrawn")
    await act(home, run, "note.break", "unknown")
    await home.runs.cancel(run.id, by="ana")


async def _erased(home: World) -> None:
    run = await home.start()
    await decide(home, await act(home, run, "note.wait", "gone"), "approved")
    await act(home, run, "note.wait", "gone")
    await act(home, run, "note.read", "gone too")
    await keep(home, run, "third")
    await home.runs.end(run, "done", {"said": "done"})
    await home.runs.erase(run.id, by="ada")


async def _held(home: World) -> None:
    run = await home.start()
    assert isinstance(home.pdp, Point)
    home.pdp.silent.add("note.write")
    await act(home, run, "note.write", "silent")
    await home.runs.end(run, "held", {"error": "the engine is silent"})
    home.pdp.silent.clear()
