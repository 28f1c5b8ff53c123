"""Webhooks and deliveries, as the API takes and shows them."""

from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from interlock.runtime.run.webhook import News
from interlock.serving.webhooks.endpoints import LONGEST_OVERLAP_S, OVERLAP_S

WebhookId = Annotated[str, Path(pattern=r"^[!-~]{1,64}$", examples=["wh-1f0c9a7be2d4"])]
DeliveryId = Annotated[
    str,
    Path(pattern=r"^[!-~]{1,64}$", examples=["msg_8c1d20c9e7aa4b6f9d0e5a7713c2b4d6"]),
]


class NewWebhook(BaseModel):
    """Who is to be told of what."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "url": "https://hooks.example.com/interlock",
                    "events": ["run.ended", "approval.waiting"],
                }
            ]
        },
    )

    url: str = Field(
        max_length=2000,
        description="https, without password, query or fragment; its host is in egress.web_hosts",
    )
    events: list[News] = Field(min_length=1, max_length=10)


class WebhookView(BaseModel):
    """One webhook."""

    id: str
    url: str
    events: list[News]
    state: Literal["active", "disabled", "removed"] = Field(
        description="One that answered 410 is disabled"
    )
    owner: str = Field(description="In whose name it is told")
    created: int
    updated: int


class WebhookMade(WebhookView):
    """A webhook with a new secret."""

    secret: str = Field(description="Shown this once: what messages are signed with")


class Rotation(BaseModel):
    """How a secret is replaced."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"overlap": OVERLAP_S}]}
    )

    overlap: int = Field(
        default=OVERLAP_S,
        ge=0,
        le=LONGEST_OVERLAP_S,
        description="Seconds for which messages are signed with the old secret as well",
    )


class DeliveryView(BaseModel):
    """One message to one webhook."""

    id: str = Field(description="The webhook-id of every attempt")
    webhook: str
    event: str = Field(description='The event, or "ping"')
    state: Literal["waiting", "delivered", "dead", "cancelled"] = Field(
        description="What was tried for a day is dead until somebody resends it; with its webhook"
        " a message is cancelled"
    )
    attempts: int
    code: str = Field(description="What became of the last attempt")
    due: int | None = Field(description="When it is tried next")
    created: int
    updated: int
