"""Attempts that fail are made again, later and later, until the message is dead."""

from typing import Any

import pytest
from tests.serving.webhooks.messages import listed

from interlock.errors import BadInput
from interlock.runtime.record.state import differences
from interlock.runtime.run.delivery import LIFE_S
from interlock.serving.webhooks import deliveries, endpoints
from interlock.serving.webhooks.backoff import LONGEST_S, wait_s


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


def test_waits_grow_and_end() -> None:
    """The span doubles up to a bound; nobody waits longer than an hour on a receiver's word."""
    assert {wait_s(1) for _ in range(200)} <= set(range(1, 6))
    assert max(wait_s(40) for _ in range(200)) <= LONGEST_S
    assert wait_s(1, asked="999999999") == 3600
    assert wait_s(1, asked="Wed, 21 Oct 2026 07:28:00 GMT") <= 5
    assert wait_s(1, asked="-1") <= 5
