"""The courier: reads the log for every webhook, and brings each what there is to tell.

Every attempt is an act in the name of the person who added the webhook: the policy decides, the
decision is recorded, and only then does anything leave. A message is delivered at least once, under
an id that stays the same. The order of messages is not promised.
"""

import asyncio
import logging
import secrets
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

from sqlalchemy import Connection

from interlock.runtime.errors import InterlockError, NotRecorded
from interlock.runtime.record.events import Event
from interlock.runtime.record.store import Tx
from interlock.runtime.run import delivery as deliveries
from interlock.runtime.run import retention, subject
from interlock.runtime.run.delivery import Claimed
from interlock.runtime.run.webhook import Webhook, active, webhook_of
from interlock.serving.desk import Desk
from interlock.serving.webhooks import news
from interlock.serving.webhooks.sending import Sending, Sent
from interlock.serving.webhooks.settling import settle

#: Messages under way at a time: to one webhook, so that a slow one holds nobody back, and in all
_MOST_EACH: Final = 4
_MOST: Final = 32
#: Seconds between two looks when nothing is announced
_LOOK_S: Final = 1.0
#: Seconds between two looks for deliveries that are listed no longer
_PRUNE_S: Final = 3600
_DAY_S: Final = 86_400
#: The entries after which there may be something to tell
_TELLING: Final = frozenset(
    {
        "run_ended",
        "approval_requested",
        "approval",
        "approval_expired",
        "job_item",
        "job_status",
        "webhook_told",
        "delivery",
    }
)
_UNEXPECTED: Final = "unexpected"
_log: Final = logging.getLogger(__name__)


class Courier:
    """Brings messages for as long as it works; two couriers never have the same message at once.

    A defect ends no courier: what it met is not sent then (fails closed) and is tried again later.
    """

    def __init__(self, desk: Desk, *, sending: Sending | None = None) -> None:
        self._desk = desk
        self._store = desk.storage.store
        self._vault = desk.storage.vault
        self._sending = sending or Sending(settings=desk.settings)
        #: Up to which entry each webhook's log was read here, also where nothing is to be told
        self._read: dict[str, int] = {}
        self._under_way: dict[asyncio.Task[None], str] = {}
        #: When old deliveries are looked for next
        self._prunes = 0
        #: How many defects were met so far
        self.defects = 0
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()

        def committed(events: tuple[Event, ...]) -> None:
            if any(one.event in _TELLING for one in events):
                self._rouse()

        self._store.attach(observers=[committed])

    async def work(self) -> None:
        """Bring messages until cancelled; that the database is away ends no courier."""
        try:
            while True:
                self._wake.clear()
                try:
                    await self.look()
                except NotRecorded as error:
                    _log.warning("webhooks wait: %s", error)
                except Exception as error:  # noqa: BLE001 - the runs beside it go on
                    self._broke("all webhooks", error)
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_S):
                        await self._wake.wait()
        finally:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(
                *self._under_way,
                return_exceptions=True,
            )

    async def settle(self) -> None:
        """Bring everything that there is to bring now, once, and return."""
        while await self.look() or self._under_way:
            if self._under_way:
                await asyncio.wait(
                    self._under_way,
                    return_when=asyncio.FIRST_COMPLETED,
                )

    async def look(self) -> int:
        """Read the logs, begin what is due, and return how much that was.

        What one webhook cannot be told, such as a message that somebody changed, holds back that
        webhook alone.
        """
        await self._prune()
        begun = 0
        for tenant, webhook_id in await self._store.read(active):
            try:
                begun += await self._tell(tenant, webhook_id)
                begun += await self._begin(tenant, webhook_id)
            except InterlockError as error:
                _log.warning("webhook %s waits: %s", webhook_id, error)
            except Exception as error:  # noqa: BLE001 - the other webhooks are told
                self._broke(f"webhook {webhook_id}", error)
        return begun

    async def _prune(self) -> None:
        """Take away what is listed no longer, now and then."""
        now = await self._store.read(self._store.now)
        if now < self._prunes:
            return
        self._prunes = now + _PRUNE_S
        before = now - self._desk.settings.delivery_days * _DAY_S
        old = partial(retention.tenants_of_old, before=before)
        for tenant in await self._store.read(old):
            pruned = partial(retention.prune, tenant=tenant, before=before)
            while await self._store.write(pruned, logs=(tenant,)):
                pass

    async def _tell(self, tenant: str, webhook_id: str) -> int:
        """Make the messages that the log says, and return how many."""

        def looked(connection: Connection) -> tuple[Webhook, news.Told]:
            webhook = webhook_of(
                self._vault,
                connection,
                webhook_id,
                tenant=tenant,
            )
            after = max(webhook.told, self._read.get(webhook_id, 0))
            told = news.read(connection, webhook, after=after)
            return webhook, told

        webhook, told = await self._store.read(looked)
        made = 0
        if told.drafts:

            def written(tx: Tx) -> int:
                now = webhook_of(
                    self._vault,
                    tx.connection,
                    webhook_id,
                    tenant=tenant,
                )
                if now.state != "active" or now.told != webhook.told:
                    return 0
                return deliveries.tell(
                    tx, self._vault, now, told.drafts, told=told.told
                )

            made = await self._store.write(written, logs=(tenant,))
        self._read[webhook_id] = told.told
        return made

    async def _begin(self, tenant: str, webhook_id: str) -> int:
        """Begin attempts at what is due, as far as there is room."""
        busy = Counter(self._under_way.values())
        room = min(_MOST_EACH - busy[webhook_id], _MOST - busy.total())
        if room <= 0 or not await self._store.read(
            lambda connection: deliveries.is_due(
                connection, webhook_id, now=self._store.now(connection)
            )
        ):
            return 0
        name = secrets.token_hex(16)

        def claimed(tx: Tx) -> tuple[Webhook, list[Claimed]]:
            webhook = webhook_of(
                self._vault,
                tx.connection,
                webhook_id,
                tenant=tenant,
            )
            if webhook.state != "active":
                return webhook, []
            return webhook, deliveries.claim(
                tx, self._vault, webhook, name=name, most=room
            )

        webhook, messages = await self._store.write(claimed, logs=(tenant,))
        for message in messages:
            task = asyncio.create_task(self._attempt(webhook, message))
            self._under_way[task] = webhook_id
            task.add_done_callback(self._ended)
        return len(messages)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        if not task.cancelled() and task.exception() is not None:
            _log.warning("a delivery waits: %s", task.exception())
        self._wake.set()

    async def _attempt(self, webhook: Webhook, message: Claimed) -> None:
        """Make one attempt, as an act of the owner; what the policy denies has failed as well."""
        delivery = message.delivery

        async def work() -> None:
            now = await self._store.read(self._store.now)
            sent = await self._sending.send(
                webhook.url,
                name=delivery.id,
                body=message.body,
                secrets=webhook.signing(now),
                now=now,
            )
            await self._settle(
                webhook,
                message,
                sent,
            )

        try:
            owner = self._desk.person(webhook.owner)
            host = self._sending.destination(webhook.url).host
            await self._desk.acts.perform(
                "webhook.deliver",
                work,
                person=replace(owner, tenant=webhook.tenant),
                arguments={
                    "webhook": webhook.id,
                    "delivery": delivery.id,
                    "event": delivery.event,
                },
                look=subject.tenant("web", host),
            )
        except InterlockError as error:
            await self._settle(webhook, message, Sent(code=error.code))
        except Exception as error:  # noqa: BLE001 - the attempt has failed, whatever it met
            self._broke(f"delivery {delivery.id}", error)
            await self._settle(webhook, message, Sent(code=_UNEXPECTED))

    async def _settle(self, webhook: Webhook, message: Claimed, sent: Sent) -> None:
        await self._store.write(
            lambda tx: settle(tx, self._vault, webhook, message, sent),
            logs=(webhook.tenant,),
        )

    def _broke(self, what: str, error: Exception) -> None:
        """Count a defect, and log its code and where it was met."""
        self.defects += 1
        _log.error(
            "%s: %s, number %d; it is tried again later",
            what,
            _UNEXPECTED,
            self.defects,
            exc_info=error,
        )

    def _rouse(self) -> None:
        """Let the courier look; any thread may say so."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)
