"""The courier: what happens is told, signed, thin, and to who chose it."""

from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from sqlalchemy import select, update
from tests.serving.webhooks.messages import listed, recorded

from interlock.runtime.record.state import differences
from interlock.runtime.record.store import tables
from interlock.runtime.run import job
from interlock.serving.webhooks.courier import Courier

GUIDE: Final = Path(__file__).resolve().parents[3] / "docs" / "howto" / "webhooks.md"


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
