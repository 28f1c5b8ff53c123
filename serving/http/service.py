"""The service: what all requests to one application share, and nothing of one request."""

from dataclasses import dataclass, field, replace
from typing import Final

from interlock.runtime.record.proofs import Proofs
from interlock.runtime.storage import Storage
from interlock.serving.home import Home
from interlock.serving.http.cursor import Cursors
from interlock.serving.http.measures import Measures
from interlock.serving.http.rate import Rates
from interlock.serving.http.tail import Tails
from interlock.serving.identity.caller import Authenticator

#: Tenants whose narrowed service is kept at most; to make one takes as long as to decide an act
_MOST: Final = 1_000


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
    #: By tenant: the same service with the things of that tenant and no others
    _narrowed: dict[str, "Service"] = field(default_factory=dict)

    @property
    def storage(self) -> Storage:
        """The storage of the home."""
        return self.home.runtime.storage

    def of(self, tenant: str) -> "Service":
        """Return the same service with the things of *tenant* and no others."""
        narrowed = self._narrowed.get(tenant)
        if narrowed is None:
            narrowed = replace(self, home=self.home.of(tenant), _narrowed={})
            if len(self._narrowed) >= _MOST:
                self._narrowed.clear()
            self._narrowed[tenant] = narrowed
        return narrowed
