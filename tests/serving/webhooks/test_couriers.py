"""Several couriers, and one that dies or fails: each message goes out, under one id."""

import asyncio
from typing import Any

import orjson
import pytest
from sqlalchemy import update
from tests.serving.webhooks.messages import listed

from interlock.runtime.record.state import differences
from interlock.runtime.record.store import tables
from interlock.runtime.run import delivery as rows
from interlock.runtime.run.delivery import LEASE_S
from interlock.serving.webhooks import endpoints
from interlock.serving.webhooks.courier import Courier
from interlock.serving.webhooks.sending import Sending, Sent
from interlock.serving.webhooks.settling import settle


class Stumbling(Courier):
    """What nobody thought of happens when it is to look."""

    async def look(self) -> int:
        raise RuntimeError


class Broken(Sending):
    """What nobody thought of happens when it is to send."""

    async def send(self, url: str, **_: Any) -> Sent:
        raise RuntimeError(url)


async def test_a_slow_receiver_holds_nobody_back(office: Any) -> None:
    """While one does not answer, another is told; the slow one has no more than its share."""
    slow = office.receiver
    await office.add("run.ended")
    await office.ended(*["done"] * 6)
    slow.holds = True
    courier = Courier(office.desk)
    await courier.look()
    quick = type(slow)()
    listening = await asyncio.start_server(quick.respond, "127.0.0.1", 0)
    quick.port = listening.sockets[0].getsockname()[1]
    await office.add("run.waiting", url=quick.url)
    await office.ended("waiting")

    await courier.look()
    async with asyncio.timeout(5):
        await quick.heard.wait()
        await slow.heard.wait()
    at_once = len(slow.messages)
    slow.holds = False
    await courier.settle()
    listening.close()

    assert quick.told == ["run.waiting"]
    assert at_once <= 4
    assert len(slow.messages) == 6


@pytest.mark.parametrize("moment", ["before it left", "after it left"])
async def test_a_death_in_the_middle_loses_nothing(office: Any, moment: str) -> None:
    """Another courier brings the message once the claim of the dead one is over, under its id."""
    made = await office.add("run.ended")
    [run] = await office.ended("done")
    courier = Courier(office.desk)
    if moment == "after it left":
        office.receiver.holds = True
        working = asyncio.create_task(courier.work())
        async with asyncio.timeout(5):
            await office.receiver.heard.wait()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        office.receiver.holds = False
    else:
        await _claimed(office, made.webhook.id)
    before = len(office.receiver.messages)
    await office.deliver()
    at_once = len(office.receiver.messages)

    office.clock.ahead = LEASE_S + 1
    await office.deliver()

    assert at_once == before
    assert len(office.receiver.messages) == before + 1
    assert len({message.id for message in office.receiver.messages}) == 1
    assert orjson.loads(office.receiver.messages[-1].body)["data"]["run"] == run
    [delivered] = await listed(office, made.webhook.id)
    assert delivered.state == "delivered"


async def _claimed(office: Any, webhook_id: str) -> None:
    """Leave the message as a courier does that died before it sent anything."""
    storage = office.desk.storage
    courier = Courier(office.desk)
    await courier._tell("default", webhook_id)  # noqa: SLF001 - the moment is in between
    claim = update(tables.delivery).values(
        claim="dead", lease_until=office.clock() + 50
    )
    await storage.store.write(lambda tx: tx.connection.execute(claim), logs=())


async def test_two_couriers_bring_each_message_once(office: Any) -> None:
    """What one has claimed the other leaves alone."""
    await bring_by_two(office)


async def test_two_couriers_share_a_postgresql(shared: Any) -> None:
    """There too each message is brought once, and the rows are what the ledger says."""
    await bring_by_two(shared)


async def bring_by_two(office: Any) -> None:
    made = await office.add("run.ended")
    await office.ended(*["done"] * 5)

    await asyncio.gather(office.deliver(), office.deliver())

    storage = office.desk.storage
    here = await listed(office, made.webhook.id)
    ids = [message.id for message in office.receiver.messages]
    assert sorted(ids) == sorted(one.id for one in here)
    assert [(one.state, one.attempts) for one in here] == [("delivered", 1)] * 5
    assert await differences(storage.store, storage.vault) == []


async def test_an_attempt_that_lost_its_claim_changes_nothing(office: Any) -> None:
    """What it was answered comes too late: another attempt has delivered the message."""
    made = await office.add("run.ended")
    await office.ended("done")
    storage, webhook = office.desk.storage, made.webhook
    await Courier(office.desk)._tell("default", webhook.id)  # noqa: SLF001 - the moment is in between
    [late] = await storage.store.write(
        lambda tx: rows.claim(tx, storage.vault, webhook, name="late", most=1),
        logs=("default",),
    )
    office.clock.ahead = LEASE_S + 1
    await office.deliver()

    await storage.store.write(
        lambda tx: settle(tx, storage.vault, webhook, late, Sent(code="gone")),
        logs=("default",),
    )

    [delivered] = await listed(office, webhook.id)
    now = await endpoints.read(office.desk, webhook.id, person=office.ada)
    assert (delivered.state, delivered.attempts) == ("delivered", 1)
    assert now.state == "active"


async def test_a_defect_ends_no_courier(office: Any) -> None:
    """It is counted; what it met is not sent, and what it did not meet is."""
    made = await office.add("run.ended")
    await office.ended("done")
    courier = Courier(office.desk, sending=Broken(settings=office.desk.settings))
    await courier.settle()
    [waiting] = await listed(office, made.webhook.id)
    store = office.desk.storage.store
    body = b'{"at": 1, "event": "run_ended", "run": "run-1", "status": "done"}'
    spoilt = update(tables.ledger_entry).where(
        tables.ledger_entry.c.event == "run_ended"
    )
    await office.add("run.ended")
    await office.ended("done")
    await store.write(lambda tx: tx.connection.execute(spoilt.values(body=body)))

    await courier.look()
    stumbling = Stumbling(office.desk)
    working = asyncio.create_task(stumbling.work())
    async with asyncio.timeout(5):
        while not stumbling.defects:  # noqa: ASYNC110 - until it has met the defect
            await asyncio.sleep(0.005)
    await asyncio.sleep(0)
    went_on = not working.done()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)

    assert (waiting.state, waiting.code) == ("waiting", "unexpected")
    assert courier.defects == 3
    assert went_on
    assert office.receiver.messages == []
