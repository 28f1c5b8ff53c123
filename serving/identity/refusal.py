"""Why a token or an answer of the issuer is refused; whoever showed it is told only that it is."""

import logging
import time
from typing import Final, Literal, TypeAlias

from interlock.runtime.errors import GuardFailed, NotAuthenticated

Why: TypeAlias = Literal[
    "not_configured",
    "form",  # no signed token at all
    "header",  # a part of the header that nobody here obeys, such as jku or crit
    "algorithm",
    "type",
    "key_unknown",
    "signature",
    "claim_missing",
    "claim_form",
    "issuer",
    "audience",
    "expired",
    "early",  # of a time that has not come
    "lifetime",  # good for longer than a token may be
    "id_token",  # says who signed in; it lets nobody ask for anything
    "name",
    "tenant",
    "subject",  # somebody else has the name
    "taken",  # somebody who is listed here has the name: one person would count twice
    "closed",  # the person was removed here
    "flow",  # not begun in this browser, or too long ago
    "state",
    "nonce",
    "denied",  # the issuer says no
    "not_fresh",  # nobody showed anything again
    "another_person",
]
#: Each reason is logged once in so many seconds, so that nobody fills a disk with bad tokens
SELDOM_S: Final = 60
_log: Final = logging.getLogger(__name__)
_logged: Final[dict[Why, float]] = {}


class TokenRefused(NotAuthenticated):
    """What an issuer is said to have vouched for does not count; *why* is for the log."""

    code = "not_authenticated"

    def __init__(self, why: Why) -> None:
        self.why: Why = why
        _log_seldom(why)
        super().__init__(
            what="what the issuer is said to have vouched for",
            next_step="Get a new token, or sign in again; the log of the server says why.",
        )


def _log_seldom(why: Why) -> None:
    """Tell whoever runs the server, unless that was told a moment ago."""
    now = time.monotonic()
    if now - _logged.get(why, -SELDOM_S) >= SELDOM_S:
        _logged[why] = now
        _log.warning("what an issuer is said to have vouched for is refused: %s", why)


class IssuerAway(GuardFailed):
    """The issuer does not answer as it must, so nobody is let in by its word (fails closed)."""

    def __init__(self, issuer: str, why: str) -> None:
        super().__init__(
            guard=f"issuer {issuer}",
            why=why,
            next_step="Try again later; accounts and keys of this home go on.",
        )
