"""`/metrics`: counts of your tenant, and for the operator how the process does; for Prometheus."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from interlock.serving.http.caller import PersonOf, ServiceOf
from interlock.serving.http.documented import problems
from interlock.serving.operations import looks

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        **problems(),
        200: {
            "description": "Prometheus' text format",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
    },
)
async def metrics(shared: ServiceOf, asking: PersonOf) -> Response:
    """Show runs by status, the age of the queue, decisions, waiting approvals and messages.

    They are of your tenant. Where it is the tenant that the home's settings name, you are also told
    how this process does, for all tenants together: latencies by route, and defects of the worker.
    """
    await looks.ask(shared.home, "metrics.read", person=asking)
    text = await shared.measures.text(
        shared.home.store,
        tenant=asking.tenant,
        is_operator=asking.tenant == shared.home.settings.tenant,
    )
    return Response(text, media_type=CONTENT_TYPE_LATEST)
