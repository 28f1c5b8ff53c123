"""Sending: one signed message to one address, once, and what became of it."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from standardwebhooks import Webhook as Signing

from interlock.runtime.errors import BadInput
from interlock.serving.settings import Settings
from interlock.tools.outbound.client import Bounds, send
from interlock.tools.outbound.destination import Destination, Reach, Resolver
from interlock.tools.outbound.errors import NotSent, Spoilt

#: What is taken of an answer, which nobody reads
_BOUNDS: Final = Bounds(most_bytes=65_536, total_s=15.0)
_LONGEST: Final = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """What became of an attempt: the code is "delivered", "gone", or why it failed."""

    code: str
    #: When to try again, as the receiver says it
    retry_after: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sending:
    """How messages leave this installation; *resolve* and *trust* are for tests."""

    settings: Settings
    resolve: Resolver | None = None
    trust: ssl.SSLContext | None = None

    def destination(self, url: str) -> Destination:
        """Return where the URL leads; raises `BadInput` for one that no message may go to.

        It is https on the open internet. Private networks, and this machine without TLS, are for
        an installation whose settings say so.
        """
        reach = self.settings.webhooks
        try:
            _check(
                url,
                reach,
            )
            destination = Destination.parse(
                url,
                reach=reach,
                proxy=self.settings.proxy,
            )
        except ValueError as error:
            raise BadInput(
                what="the address of the webhook",
                why=str(error),
                next_step=(
                    "Name an https URL without password, query or fragment. For a receiver in your "
                    "own network set INTERLOCK_WEBHOOKS=any."
                ),
            ) from error
        return destination

    async def send(
        self, url: str, *, name: str, body: bytes, secrets: Sequence[str], now: int
    ) -> Sent:
        """Send *body* under its *name*, signed with every one of *secrets*.

        A receiver that cannot be reached or does not take it is no error here.
        """
        moment = datetime.fromtimestamp(
            now,
            UTC,
        )
        text = body.decode()
        signatures = [Signing(secret).sign(name, moment, text) for secret in secrets]
        try:
            answer = await send(
                self.destination(url),
                method="POST",
                path="",
                headers={
                    "Content-Type": "application/json",
                    "webhook-id": name,
                    "webhook-timestamp": str(now),
                    "webhook-signature": " ".join(signatures),
                },
                body=body,
                bounds=_BOUNDS,
                resolve=self.resolve,
                trust=self.trust,
            )
        except BadInput:
            return Sent(code="address_refused")
        except (NotSent, Spoilt) as error:
            return Sent(code=error.code)
        if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return Sent(code="delivered")
        if answer.status == HTTPStatus.GONE:
            return Sent(code="gone")
        return Sent(
            code=f"status_{answer.status}",
            retry_after=answer.retry_after,
        )


def _check(url: str, reach: Reach) -> None:
    """Raise ValueError for an address that cannot be read, or is in the clear where it must not."""
    if len(url) > _LONGEST or not url.isprintable():
        raise ValueError("it is too long or cannot be read")
    if reach == "public" and urlsplit(url).scheme != "https":
        raise ValueError("it is not https")
