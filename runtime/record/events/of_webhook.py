"""Events of webhooks: kept by people, told what happened, and what became of each message."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from interlock.runtime.record.events.event import Object, Of, Sealed, digests


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookKept(Of):
    """A webhook was added, changed or ended; the newest entry counts.

    With a webhook that is not active any more, every message to it that waits is cancelled.
    """

    event: ClassVar[str] = "webhook"
    webhook: str
    state: str
    told: int
    by: str
    sealed: Sealed

    def body(self) -> Object:
        """Return the public part."""
        return {
            "webhook": self.webhook,
            "state": self.state,
            "told": self.told,
            "sealed": digests(self.sealed),
        }

    def payload(self) -> Object | None:
        """Return who did it."""
        return {"by": self.by}


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One delivery as it begins."""

    delivery: str
    event: str
    until: int
    sealed: Sealed

    def body(self) -> Object:
        """Return the public part."""
        return {
            "delivery": self.delivery,
            "event": self.event,
            "until": self.until,
            "sealed": digests(self.sealed),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookTold(Of):
    """A webhook is to be sent *messages*, which account for the log up to an entry."""

    event: ClassVar[str] = "webhook_told"
    webhook: str
    #: How many entries of the log the messages so far account for
    told: int
    messages: Sequence[Message]

    def body(self) -> Object:
        """Return the public part."""
        return {
            "webhook": self.webhook,
            "told": self.told,
            "messages": [message.body() for message in self.messages],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryTurned(Of):
    """An attempt at a delivery ended, or a person (*by*) has it sent again."""

    event: ClassVar[str] = "delivery"
    delivery: str
    state: str
    attempts: int
    code: str
    due: int
    until: int
    by: str | None = None

    def body(self) -> Object:
        """Return the public part."""
        return {
            "delivery": self.delivery,
            "state": self.state,
            "attempts": self.attempts,
            "code": self.code,
            "due": self.due,
            "until": self.until,
        }

    def payload(self) -> Object | None:
        """Return who has it sent again."""
        return None if self.by is None else {"by": self.by}


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveriesPruned(Of):
    """The tenant's deliveries that were over *before* a time are not listed any more."""

    event: ClassVar[str] = "deliveries_pruned"
    before: int

    def body(self) -> Object:
        """Return the public part."""
        return {"before": self.before}
