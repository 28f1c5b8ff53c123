"""What became of the messages to a webhook."""

from typing import Any

from interlock.runtime.record import audit
from interlock.runtime.run import delivery as rows
from interlock.serving.webhooks import deliveries


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
