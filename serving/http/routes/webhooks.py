"""`/v1/webhooks`: other systems are told what happens, by signed messages."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from interlock.runtime.run.delivery import Delivery
from interlock.runtime.run.webhook import Webhook
from interlock.serving.http.caller import HomeOf, PersonOf, ServiceOf
from interlock.serving.http.documented import problems
from interlock.serving.http.listing import Listing
from interlock.serving.http.values.page import Page, Wanted
from interlock.serving.http.values.webhook import (
    DeliveryId,
    DeliveryView,
    NewWebhook,
    Rotation,
    WebhookId,
    WebhookMade,
    WebhookView,
)
from interlock.serving.webhooks import deliveries, endpoints
from interlock.serving.webhooks.endpoints import Made

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])
_LIST: Final = "deliveries"


@router.post("", status_code=201, responses=problems())
async def add_webhook(new: NewWebhook, home: HomeOf, asking: PersonOf) -> WebhookMade:
    """Have a place told of events from now on; its secret is in this answer alone."""
    made = await endpoints.add(home.desk, new.url, new.events, person=asking)
    return _made(made)


@router.get("", responses=problems())
async def list_webhooks(home: HomeOf, asking: PersonOf) -> Page[WebhookView]:
    """List the webhooks of your tenant, oldest first; there are few, so there is one page."""
    listed = await endpoints.listed(home.desk, person=asking)
    return Page(data=[_shown(webhook) for webhook in listed], next=None)


@router.get("/{webhook_id}", responses=problems("not_found"))
async def get_webhook(
    webhook_id: WebhookId, home: HomeOf, asking: PersonOf
) -> WebhookView:
    """Show one webhook."""
    return _shown(await endpoints.read(home.desk, webhook_id, person=asking))


@router.delete("/{webhook_id}", responses=problems("not_found", "wrong_state"))
async def remove_webhook(
    webhook_id: WebhookId, home: HomeOf, asking: PersonOf
) -> WebhookView:
    """Tell it nothing more; what was not sent yet is not sent."""
    return _shown(await endpoints.remove(home.desk, webhook_id, person=asking))


@router.post("/{webhook_id}/rotate", responses=problems("not_found", "wrong_state"))
async def rotate_webhook(
    webhook_id: WebhookId, how: Rotation, home: HomeOf, asking: PersonOf
) -> WebhookMade:
    """Sign with a new secret, and with the old one too until the overlap is over."""
    made = await endpoints.rotate(
        home.desk,
        webhook_id,
        person=asking,
        overlap_s=how.overlap,
    )
    return _made(made)


@router.post(
    "/{webhook_id}/ping",
    status_code=202,
    responses=problems("not_found", "wrong_state"),
)
async def ping_webhook(
    webhook_id: WebhookId, home: HomeOf, asking: PersonOf
) -> DeliveryView:
    """Send it a message for a test, the event "ping"."""
    return _sent(await deliveries.ping(home.desk, webhook_id, person=asking))


@router.get("/{webhook_id}/deliveries", responses=problems("not_found", "bad_cursor"))
async def list_deliveries(
    webhook_id: WebhookId,
    shared: ServiceOf,
    asking: PersonOf,
    wanted: Annotated[Wanted, Query()],
) -> Page[DeliveryView]:
    """List the messages to it, newest first."""
    name = f"{_LIST}/{webhook_id}"
    listing = Listing(
        shared=shared,
        name=name,
        asking=asking,
        wanted=wanted,
    )
    listed = await deliveries.listed(
        shared.home.desk,
        webhook_id,
        person=asking,
        after=listing.after,
        limit=listing.limit,
    )
    return listing.page(listed, place=lambda delivery: delivery.id, shown=_sent)


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/resend",
    status_code=202,
    responses=problems("not_found", "wrong_state"),
)
async def resend_delivery(
    webhook_id: WebhookId, delivery_id: DeliveryId, home: HomeOf, asking: PersonOf
) -> DeliveryView:
    """Send a message once more under its own id, and try for another day."""
    return _sent(
        await deliveries.resend(home.desk, webhook_id, delivery_id, person=asking)
    )


def _shown(webhook: Webhook) -> WebhookView:
    return WebhookView(
        id=webhook.id,
        url=webhook.url,
        events=list(webhook.events),
        state=webhook.state,
        owner=webhook.owner,
        created=webhook.created,
        updated=webhook.updated,
    )


def _made(made: Made) -> WebhookMade:
    shown = _shown(made.webhook)
    return WebhookMade(secret=made.secret, **shown.model_dump())


def _sent(delivery: Delivery) -> DeliveryView:
    return DeliveryView(
        id=delivery.id,
        webhook=delivery.webhook,
        event=delivery.event,
        state=delivery.state,
        attempts=delivery.attempts,
        code=delivery.code,
        due=delivery.due or None,
        created=delivery.created,
        updated=delivery.updated,
    )
