"""Webhooks of people: who may have what told where, and what nobody else sees."""

from dataclasses import replace
from functools import partial
from itertools import cycle
from typing import Any

import pytest
from sqlalchemy import select

from interlock.errors import BadInput, NotFound, NotPermitted
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.store import tables
from interlock.runtime.run.webhook import keep_webhook, webhook_of
from interlock.serving.webhooks import deliveries, endpoints
from interlock.serving.webhooks.courier import Courier
from interlock.serving.webhooks.sending import Sending

STRANGER = Principal(id="ada", tenant="other", roles=("administrator",))


async def test_a_host_that_the_policy_does_not_list_is_denied(office: Any) -> None:
    """The code says what to set; nothing was added."""
    with pytest.raises(NotPermitted) as refused:
        await office.add("run.ended", url="https://elsewhere.example/in")

    assert refused.value.codes == ("egress_host",)
    assert "web_hosts" in str(refused.value)
    assert await endpoints.listed(office.desk, person=office.ada) == []


async def test_a_host_that_is_not_listed_any_more_is_sent_nothing(office: Any) -> None:
    """Every attempt is asked about with the host that it goes to, and the code says why not."""
    made = await office.add("run.ended")
    storage = office.desk.storage
    url = office.receiver.url.replace("127.0.0.1", "localhost")
    moved = replace(made.webhook, url=url)
    await storage.store.write(
        lambda tx: keep_webhook(tx, storage.vault, moved, by="ada"),
        logs=("default",),
    )
    await office.ended("done")

    await office.deliver()

    [waiting] = await deliveries.listed(
        office.desk, made.webhook.id, person=office.ada, limit=9
    )
    assert office.receiver.messages == []
    assert (waiting.state, waiting.code) == ("waiting", "egress_host")


async def test_a_role_that_may_not_add_adds_nothing(office: Any) -> None:
    """To be told is for who was granted it."""
    analyst = Principal(id="ana", tenant="default", roles=("analyst",))
    with pytest.raises(NotPermitted) as refused:
        await endpoints.add(
            office.desk, office.receiver.url, ["run.ended"], person=analyst
        )

    assert refused.value.code == "not_granted"


UNFIT = (
    "http://127.0.0.1:1/in",
    "http://hook.example/in",
    "https://ada:secret@hook.example/in",
    "https://hook.example/in?token=1",
    "https://hook.example/in#a",
    "ftp://hook.example/in",
    "//hook.example",
    "https://hook.example/\n",
    "https://" + "a" * 3000,
)
INSIDE = (
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - as a name may resolve
    "::1",
    "fe80::1",
    "fd00::1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
)


async def test_an_address_that_no_message_may_go_to_is_refused(strict: Any) -> None:
    """Without TLS, with a password or a query, or on this machine: nobody is asked about it."""
    for url in UNFIT:
        with pytest.raises(BadInput) as refused:
            await strict.add("run.ended", url=url)
        assert refused.value.code == "invalid"


async def test_a_name_that_leads_into_a_network_of_ours_is_not_followed(
    strict: Any,
) -> None:
    """Wherever the name leads when it is looked up for sending, nothing leaves to there."""
    made = await strict.add("run.ended", url="https://hook.example/in")
    await strict.ended(*["done"] * len(INSIDE))
    places = cycle(INSIDE)

    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.215.14", next(places)]

    sending = Sending(settings=strict.desk.settings, resolve=resolve)
    await strict.deliver(Courier(strict.desk, sending=sending))

    waiting = await deliveries.listed(
        strict.desk, made.webhook.id, person=strict.ada, limit=99
    )
    states = [(one.state, one.code) for one in waiting]
    assert states == [("waiting", "address_refused")] * len(INSIDE)


async def test_a_redirect_is_not_followed(office: Any) -> None:
    """Another place that the receiver names is sent nothing."""
    made = await office.add("run.ended")
    await office.ended("done")
    office.receiver.answers = [f"307 Moved\r\nLocation: {office.receiver.url}2"]

    await office.deliver()

    [waiting] = await deliveries.listed(
        office.desk, made.webhook.id, person=office.ada, limit=9
    )
    assert waiting.code == "redirected"
    assert len(office.receiver.messages) == 1


@pytest.mark.parametrize("overlap", [600, 0])
async def test_both_secrets_sign_until_the_overlap_is_over(
    office: Any, overlap: int
) -> None:
    """A receiver with either secret verifies meanwhile; afterwards the new one alone signs."""
    first = await office.add("run.ended")
    second = await endpoints.rotate(
        office.desk, first.webhook.id, person=office.ada, overlap_s=overlap
    )
    await deliveries.ping(office.desk, first.webhook.id, person=office.ada)
    await office.deliver()
    [message] = office.receiver.messages
    signatures = message.headers["webhook-signature"].split(" ")

    assert message.verified(second.secret)["type"] == "ping"
    assert len(signatures) == (2 if overlap else 1)
    if overlap:
        message.verified(first.secret)
        office.clock.ahead = overlap + 1
        await deliveries.ping(office.desk, first.webhook.id, person=office.ada)
        await office.deliver()
        late = office.receiver.messages[1].headers["webhook-signature"]
        assert len(late.split(" ")) == 1


async def test_a_removed_webhook_is_told_nothing_more(
    office: Any,
) -> None:
    """What was not sent yet is cancelled, no list has the webhook, and nobody changes it."""
    made = await office.add("run.ended")
    await office.ended("done")
    office.receiver.answers = ["500 No"]
    await office.deliver()
    await endpoints.remove(office.desk, made.webhook.id, person=office.ada)
    office.clock.ahead = 3600

    await office.deliver()

    assert len(office.receiver.messages) == 1
    assert await endpoints.listed(office.desk, person=office.ada) == []
    shown = await endpoints.read(office.desk, made.webhook.id, person=office.ada)
    [over] = await deliveries.listed(office.desk, shown.id, person=office.ada, limit=9)
    assert (shown.state, over.state, over.due) == ("removed", "cancelled", 0)
    for way in (endpoints.remove, endpoints.rotate, deliveries.ping):
        with pytest.raises(BadInput) as refused:
            await way(office.desk, made.webhook.id, person=office.ada)
        assert refused.value.code == "wrong_state"


async def test_nothing_of_a_webhook_is_there_for_another_tenant(office: Any) -> None:
    """Every way to it answers as for one that is nowhere, and nothing of another tenant is told."""
    made = await office.add("run.ended")
    await office.ended("done")
    foreign = await office.run(tenant="other")
    await office.desk.storage.runs.end(foreign, "done", {})
    await office.deliver()
    [delivery] = await deliveries.listed(
        office.desk, made.webhook.id, person=office.ada, limit=9
    )
    ways: list[Any] = [
        endpoints.read,
        endpoints.remove,
        endpoints.rotate,
        deliveries.ping,
        partial(deliveries.listed, limit=9),
    ]
    for way in ways:
        with pytest.raises(NotFound):
            await way(office.desk, made.webhook.id, person=STRANGER)
    with pytest.raises(NotFound):
        await deliveries.resend(
            office.desk, made.webhook.id, delivery.id, person=STRANGER
        )

    storage = office.desk.storage
    with pytest.raises(NotFound):
        await storage.store.read(
            lambda c: webhook_of(storage.vault, c, made.webhook.id, tenant="other")
        )

    assert await endpoints.listed(office.desk, person=STRANGER) == []
    assert len(office.receiver.messages) == 1
    assert foreign.id.encode() not in office.receiver.messages[0].body


async def test_no_secret_and_no_address_stands_in_the_clear(office: Any) -> None:
    """The rows of a webhook are sealed, and no entry of the log holds either.

    The path is long, so that sealed bytes do not happen to spell it.
    """
    path = "/orchids-4711/to-the-harbour-master"
    made = await office.add("run.ended", url=office.receiver.url + path)

    def stored(connection: Any) -> bytes:
        entries = connection.execute(select(tables.ledger_entry)).all()
        rows = connection.execute(select(tables.webhook)).all()
        return repr((entries, rows)).encode()

    text = await office.desk.storage.store.read(stored)
    assert made.secret.encode() not in text
    assert path.encode() not in text
