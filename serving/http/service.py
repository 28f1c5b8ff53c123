"""The service: what all requests to one application share, and nothing of one request."""

from dataclasses import dataclass, field

from interlock.runtime.record.proofs import Proofs
from interlock.runtime.storage import Storage
from interlock.serving.home import Home
from interlock.serving.http.cursor import Cursors
from interlock.serving.http.measures import Measures
from interlock.serving.http.rate import Rates
from interlock.serving.http.tail import Tails
from interlock.serving.identity.caller import Authenticator


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """One home served; lives as long as its application."""

    home: Home
    authenticator: Authenticator
    cursors: Cursors
    rates: Rates
    tails: Tails
    measures: Measures
    proofs: Proofs
    #: The idempotency keys whose requests are being worked on
    under_way: set[tuple[str, ...]] = field(default_factory=set)

    @property
    def storage(self) -> Storage:
        """The storage of the home."""
        return self.home.runtime.storage
