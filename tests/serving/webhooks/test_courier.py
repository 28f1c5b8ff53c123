"""The courier: what happens is told, signed, at least once and under one id."""

import asyncio
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from sqlalchemy import select, update

from interlock.errors import BadInput
from interlock.runtime.record import audit
from interlock.runtime.record.state import differences
from interlock.runtime.record.store import tables
from interlock.runtime.run import delivery as rows
from interlock.runtime.run import job
from interlock.runtime.run.delivery import LEASE_S, LIFE_S
from interlock.serving.webhooks import deliveries, endpoints
from interlock.serving.webhooks.backoff import LONGEST_S, wait_s
from interlock.serving.webhooks.courier import Courier
from interlock.serving.webhooks.sending import Sending, Sent
from interlock.serving.webhooks.settling import settle

GUIDE: Final = Path(__file__).resolve().parents[3] / "docs" / "howto" / "webhooks.md"


class Stumbling(Courier):
    """What nobody thought of happens when it is to look."""

    async def look(self) -> int:
        raise RuntimeError


class Broken(Sending):
    """What nobody thought of happens when it is to send."""

    async def send(self, url: str, **_: Any) -> Sent:
        raise RuntimeError(url)


async def listed(office: Any, webhook: str) -> list[rows.Delivery]:
    return await deliveries.listed(office.desk, webhook, person=office.ada, limit=100)


async def recorded(office: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the entries of the acts of sending and of what became of them, by message."""
    storage = office.desk.storage
    entries = await audit.entries(storage.store, storage.vault, log="default")
    acts = {
        entry["payload"]["arguments"]["delivery"]: entry["body"]
        for entry in entries
        if entry["body"].get("tool") == "webhook.deliver"
    }
    bodies = [entry["body"] for entry in entries]
    ends = {body["delivery"]: body for body in bodies if body["event"] == "delivery"}
    return acts, ends


async def test_what_happens_is_told_signed_and_thin(office: Any) -> None:
    """The messages verify, hold ids and codes, and each was decided and recorded before it left."""
    made = await office.add("run.ended", "run.waiting")
    done, _, failed = await office.ended("done", "waiting", "failed")
    on_arrival: list[tuple[bool, bool]] = []

    async def look(name: str) -> None:
        acts, ends = await recorded(office)
        on_arrival.append((name in acts, name in ends))

    office.receiver.looks = look
    await office.deliver()

    told = [message.verified(made.secret) for message in office.receiver.messages]
    stated = {(m["type"], m["data"]["run"]): m["data"] for m in told}
    assert stated[("run.ended", done)] == {"run": done, "status": "done"}
    assert stated[("run.ended", failed)]["status"] == "failed"
    assert sorted(m["type"] for m in told) == ["run.ended", "run.ended", "run.waiting"]
    assert not any(b"opera" in m.body for m in office.receiver.messages)
    here = await listed(office, made.webhook.id)
    assert {one.id for one in here} == {one.id for one in office.receiver.messages}
    assert {(one.state, one.attempts, one.code) for one in here} == {
        ("delivered", 1, "delivered")
    }
    acts, ends = await recorded(office)
    assert {one.id for one in here} == set(acts) == set(ends)
    assert [act["effect"] for act in acts.values()] == ["permit"] * 3
    assert {act["class"] for act in acts.values()} == {"irreversible"}
    assert all(acts[name]["seq"] < end["seq"] for name, end in ends.items())
    assert on_arrival == [(True, False)] * 3
    assert await differences(office.desk.storage.store, office.desk.storage.vault) == []


async def test_the_receiver_of_the_guide_takes_each_message_once(office: Any) -> None:
    """The code in docs/howto/webhooks.md verifies a message, and knows one that comes again."""
    made = await office.add("run.ended")
    [run] = await office.ended("done")
    await office.deliver()
    [message] = office.receiver.messages
    told: dict[str, Any] = {}
    exec(GUIDE.read_text("utf-8").split("```python\n")[1].split("```")[0], told)  # noqa: S102 - the code of the guide
    seen: set[str] = set()
    taken = [
        told["taken"](made.secret, message.headers, message.body, seen)
        for _ in range(2)
    ]

    assert taken == [f"run.ended {{'run': '{run}', 'status': 'done'}}", ""]


async def test_only_what_was_chosen_and_what_came_after_is_told(office: Any) -> None:
    """A webhook is told nothing that happened before it was added, nor what it did not choose."""
    await office.ended("done")
    await office.add("run.waiting")
    await office.ended("done", "waiting")

    await office.deliver()

    assert office.receiver.told == ["run.waiting"]


async def test_a_failed_attempt_waits_and_is_made_again(office: Any) -> None:
    """It waits at least as the receiver asks, then the same message comes under the same id."""
    made = await office.add("run.ended")
    await office.ended("done")
    office.receiver.answers = ["503 Busy\r\nRetry-After: 1000"]
    await office.deliver()
    [waiting] = await listed(office, made.webhook.id)
    await office.deliver()
    tried = len(office.receiver.messages)

    office.clock.ahead = 1001
    await office.deliver()

    first, second = office.receiver.messages
    [delivered] = await listed(office, made.webhook.id)
    assert (waiting.state, waiting.code, waiting.attempts) == (
        "waiting",
        "status_503",
        1,
    )
    assert waiting.due - waiting.updated >= 1000
    assert tried == 1
    assert (first.id, first.body) == (second.id, second.body)
    assert (delivered.state, delivered.attempts) == ("delivered", 2)


async def test_after_a_day_a_message_is_dead_until_somebody_resends_it(
    office: Any,
) -> None:
    """Nobody tries it any more; sent again by a person, it has its id and another day."""
    made = await office.add("run.ended")
    await office.ended("done")
    office.receiver.answers = ["500 No", "500 No"]
    await office.deliver()
    office.clock.ahead = LIFE_S + 5
    await office.deliver()
    [dead] = await listed(office, made.webhook.id)
    office.clock.ahead = 2 * LIFE_S
    await office.deliver()
    tried = len(office.receiver.messages)

    await deliveries.resend(office.desk, made.webhook.id, dead.id, person=office.ada)
    await office.deliver()

    [again] = await listed(office, made.webhook.id)
    assert (dead.state, dead.code, tried) == ("dead", "status_500", 2)
    assert (again.id, again.state) == (dead.id, "delivered")
    assert office.receiver.messages[2].id == dead.id


async def test_a_receiver_that_is_gone_is_told_nothing_more(office: Any) -> None:
    """The answer 410 disables the webhook, ends the message, and cancels those that wait."""
    made = await office.add("run.ended")
    await office.ended("done")
    office.receiver.answers = ["500 No"]
    await office.deliver()
    await office.ended("done")
    office.receiver.answers = ["410 Gone"]
    await office.deliver()
    await office.ended("done")
    await office.deliver()

    webhook = await endpoints.read(office.desk, made.webhook.id, person=office.ada)
    states = {one.state: one for one in await listed(office, made.webhook.id)}
    dead = states["dead"]
    with pytest.raises(BadInput) as refused:
        await deliveries.resend(office.desk, webhook.id, dead.id, person=office.ada)
    assert refused.value.code == "wrong_state"
    assert webhook.state == "disabled"
    assert states.keys() == {"dead", "cancelled"}
    assert dead.code == "gone"
    assert len(office.receiver.messages) == 2


async def test_what_is_over_is_listed_as_long_as_a_setting_says(office: Any) -> None:
    """Then the row is gone and the entries stay; what still waits is never too old."""
    made = await office.add("run.ended")
    await office.ended("done")
    await office.deliver()
    office.clock.ahead = office.desk.settings.delivery_days * 86_400 + 5
    await office.ended("done")
    office.receiver.answers = ["500 No"]
    await office.deliver()
    storage = office.desk.storage

    [kept] = await listed(office, made.webhook.id)
    assert kept.state == "waiting"
    assert await differences(storage.store, storage.vault) == []


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


async def test_who_may_not_send_any_more_sends_nothing(office: Any) -> None:
    """A message goes in the name of who added the webhook, with the roles of that moment."""
    made = await office.add("run.ended")
    await office.ended("done")
    people = office.desk.settings.people
    people.write_text("people:\n- {id: ada, roles: [analyst]}\n", "utf-8")

    await office.deliver()

    people.write_text("people:\n- {id: ada, roles: [administrator]}\n", "utf-8")
    [waiting] = await listed(office, made.webhook.id)
    assert office.receiver.messages == []
    assert (waiting.state, waiting.code) == ("waiting", "not_granted")


@pytest.mark.parametrize("column", ["webhook", "body"])
async def test_what_was_changed_in_the_database_does_not_leave(
    office: Any, column: str
) -> None:
    """A message that was given to another webhook, or has the text of another message, cannot be
    opened, so it is not sent.
    """
    made = await office.add("run.ended")
    other = await office.add("run.waiting")
    await office.ended("done", "done")
    courier = Courier(office.desk)
    await courier._tell("default", made.webhook.id)  # noqa: SLF001 - the moment is in between
    store = office.desk.storage.store
    columns = tables.delivery.c
    [(_, body), (second, _)] = await store.read(
        lambda c: c.execute(select(columns.id, columns.body)).all()
    )
    values = {"webhook": other.webhook.id, "body": body}
    moved = update(tables.delivery).where(columns.id == second)
    await store.write(
        lambda tx: tx.connection.execute(moved.values({column: values[column]})),
        logs=(),
    )

    await office.deliver()

    assert second not in {message.id for message in office.receiver.messages}
    found = await differences(store, office.desk.storage.vault)
    assert [(one.table, one.row, one.column) for one in found] == [
        ("delivery", second, column)
    ]


async def test_a_job_ends_once_for_every_time_it_ends(office: Any) -> None:
    """The last of its runs ends it; a retry that ends is another end."""
    await office.add("job.ended")
    vault = office.desk.storage.vault
    new = job.NewJob(
        id="job-1",
        tenant="default",
        agent="note",
        by="ana",
        request={},
        priority=0,
        limits={},
        items=2,
    )
    store = office.desk.storage.store
    await store.write(lambda tx: job.submit(tx, vault, new), logs=("default",))
    first, second = [await office.run(job=new.id) for _ in range(2)]

    def taken(tx: Any) -> None:
        for seq, run in enumerate((first, second)):
            item = job.NewItem(job=new.id, seq=seq, path="a", document=str(seq))
            job.take(tx, vault, item, run_id=run.id)

    await store.write(taken, logs=("default",))
    await office.desk.storage.runs.end(first, "done", {})
    await office.deliver()
    early = list(office.receiver.told)
    await office.desk.storage.runs.end(second, "failed", {})
    await office.deliver()
    await office.deliver()
    once = list(office.receiver.told)
    retried = await office.run(job=new.id)
    await office.desk.storage.runs.end(retried, "done", {})
    await office.deliver()

    assert early == []
    assert once == ["job.ended"]
    assert office.receiver.told == ["job.ended", "job.ended"]
    data = orjson.loads(office.receiver.messages[0].body)["data"]
    assert data == {"job": "job-1", "status": "done"}


def test_waits_grow_and_end() -> None:
    """The span doubles up to a bound; nobody waits longer than an hour on a receiver's word."""
    assert {wait_s(1) for _ in range(200)} <= set(range(1, 6))
    assert max(wait_s(40) for _ in range(200)) <= LONGEST_S
    assert wait_s(1, asked="999999999") == 3600
    assert wait_s(1, asked="Wed, 21 Oct 2026 07:28:00 GMT") <= 5
    assert wait_s(1, asked="-1") <= 5
