"""The doorkeeper: what the pages need of whoever knows accounts and sessions."""

from typing import TYPE_CHECKING, Protocol

from interlock.serving.identity.caller import Caller

if TYPE_CHECKING:
    from interlock.serving.identity.by_issuer import ByIssuer


class Doorkeeper(Protocol):
    """Opens, checks and ends the sessions of a browser.

    Each method raises `NotAuthenticated` for what does not prove who asks (fails closed).
    """

    @property
    def issuer(self) -> "ByIssuer | None":
        """Who lets in those who sign in at an issuer; None where the home knows none."""
        ...

    async def of_session(self, cookie: str) -> Caller:
        """Return whose session it is."""
        ...

    async def sign_in(self, name: str, password: str) -> tuple[str, Caller]:
        """Return the value of a new session's cookie, and who signed in."""
        ...

    async def sign_in_by_link(self, code: str) -> tuple[str, Caller]:
        """Return as `sign_in` does for the code of a link, which serves once."""
        ...

    async def sign_out(self, cookie: str) -> str:
        """End the session for good, and return where the issuer ends its own, or nothing."""
        ...

    async def reauthenticate(self, cookie: str, password: str) -> tuple[str, Caller]:
        """Return the session under a new cookie, as one that just showed its password."""
        ...

    async def set_password(
        self, cookie: str, new: str, *, current: str = ""
    ) -> tuple[str, Caller]:
        """Set the person's own password, and return a new session; `BadInput` for a weak one."""
        ...

    def csrf_token(self, cookie: str) -> str:
        """Return what a form of this session carries and no other site can know."""
        ...
