"""The caller: who asks, and how the caller proved it."""

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from interlock.runtime.policy.request import Principal

Method: TypeAlias = Literal["session", "key", "token"]
#: What a session began with: a password, a link, or the word of an issuer
Proof: TypeAlias = Literal["password", "link", "oidc"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Somebody who proved who they are; true for one request, since roles can be lost at any time.

    The roles of the principal are those of the list of people at this moment, and for a key never
    more than those of the key.
    """

    principal: Principal
    method: Method
    #: The public id of the session, which opens nothing; empty for a key or a token
    session: str = ""
    #: When credentials were last shown, in Unix seconds; 0 where nobody can say
    authenticated: int = 0
    #: What the session began with; None for a key or a token
    proof: Proof | None = None


class Authenticator(Protocol):
    """Turns credentials into a caller.

    Each method raises `NotAuthenticated` for credentials that are wrong, over or taken back, and
    `GuardFailed` when they cannot be checked. In both cases there is no caller (fails closed).
    """

    async def of_session(self, cookie: str) -> Caller:
        """Return the caller of a page, by the value of the session's cookie."""
        ...

    async def of_key(self, key: str) -> Caller:
        """Return the caller with an API key, written `ilk_...`."""
        ...

    async def of_token(self, token: str) -> Caller:
        """Return the caller with a JSON web token of the configured issuer."""
        ...
