"""Settling: what an attempt leaves behind, in one transaction with its record."""

from dataclasses import replace

from interlock.runtime.record.store import Tx
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import delivery as deliveries
from interlock.runtime.run.delivery import Claimed, DeliveryState
from interlock.runtime.run.webhook import Webhook, keep_webhook, webhook_of
from interlock.serving.webhooks.backoff import wait_s
from interlock.serving.webhooks.sending import Sent


def settle(
    tx: Tx, vault: Vault, webhook: Webhook, message: Claimed, sent: Sent
) -> None:
    """Record what became of the attempt; nothing where another attempt has the message by now.

    A receiver that is gone has its webhook disabled. The caller holds the tenant's log.
    """
    delivery = message.delivery
    attempts = delivery.attempts + 1
    due = tx.now + wait_s(attempts, asked=sent.retry_after)
    state: DeliveryState = "waiting"
    if sent.code == "delivered":
        state = "delivered"
    elif sent.code == "gone" or due > delivery.until:
        state = "dead"
    is_ours = deliveries.turn(
        tx,
        delivery,
        state=state,
        code=sent.code,
        attempts=attempts,
        due=due if state == "waiting" else 0,
        until=delivery.until,
        of_claim=message.claim,
    )
    if is_ours and sent.code == "gone":
        now = webhook_of(
            vault,
            tx.connection,
            webhook.id,
            tenant=webhook.tenant,
        )
        if now.state == "active":
            keep_webhook(
                tx,
                vault,
                replace(now, state="disabled"),
                by=webhook.owner,
            )
