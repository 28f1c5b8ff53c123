"""Why a token or an answer of the issuer is refused; whoever showed it is told only that it is."""

import logging
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
_log: Final = logging.getLogger(__name__)


class TokenRefused(NotAuthenticated):
    """What an issuer is said to have vouched for does not count; *why* is for the log."""

    code = "not_authenticated"

    def __init__(self, why: Why) -> None:
        self.why: Why = why
        _log.info("a token or a sign-in is refused: %s", why)
        super().__init__(
            what="what the issuer is said to have vouched for",
            next_step="Get a new token, or sign in again; the log of the server says why.",
        )


class IssuerAway(GuardFailed):
    """The issuer does not answer as it must, so nobody is let in by its word (fails closed)."""

    def __init__(self, issuer: str, why: str) -> None:
        super().__init__(
            guard=f"issuer {issuer}",
            why=why,
            next_step="Try again later; accounts and keys of this home go on.",
        )
