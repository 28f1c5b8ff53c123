"""Events of identity: accounts and keys that changed, people who signed in or tried to."""

from dataclasses import dataclass
from typing import ClassVar

from interlock.runtime.record.events.event import Object, Of, Sealed, digests


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountKept(Of):
    """An account was made, changed or closed; the newest entry counts."""

    event: ClassVar[str] = "account"
    #: A commitment to the name
    account: str
    state: str
    by: str
    sealed: Sealed

    def body(self) -> Object:
        """Return the public part."""
        return {
            "account": self.account,
            "state": self.state,
            "sealed": digests(self.sealed),
        }

    def payload(self) -> Object | None:
        """Return who did it."""
        return {"by": self.by}


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKeyKept(Of):
    """An API key was issued, rotated or revoked; the newest entry counts."""

    event: ClassVar[str] = "api_key"
    key: str
    account: str
    state: str
    expires: int
    by: str
    sealed: Sealed

    def body(self) -> Object:
        """Return the public part."""
        return {
            "key": self.key,
            "account": self.account,
            "state": self.state,
            "expires": self.expires,
            "sealed": digests(self.sealed),
        }

    def payload(self) -> Object | None:
        """Return who did it."""
        return {"by": self.by}


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn(Of):
    """Somebody proved who they are and a session began, or went on under a new secret."""

    event: ClassVar[str] = "signed_in"
    account: str
    method: str
    #: The public id of the session
    session: str
    name: str

    def body(self) -> Object:
        """Return the public part."""
        return {
            "account": self.account,
            "method": self.method,
            "session": self.session,
        }

    def payload(self) -> Object | None:
        """Return who it was."""
        return {"name": self.name}


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedOut(Of):
    """Sessions of an account ended before their time."""

    event: ClassVar[str] = "signed_out"
    account: str
    #: The public id of the session; empty for all of them
    session: str
    by: str

    def body(self) -> Object:
        """Return the public part."""
        return {"account": self.account, "session": self.session}

    def payload(self) -> Object | None:
        """Return who ended them."""
        return {"by": self.by}


@dataclass(frozen=True, kw_only=True, slots=True)
class SignInsFailed(Of):
    """So many guesses in a row were wrong; written at the first, the second, the fourth and so on.

    So no number of guesses fills the log. Nothing says whether anybody has the name.
    """

    event: ClassVar[str] = "sign_ins_failed"
    account: str
    failures: int

    def body(self) -> Object:
        """Return the public part."""
        return {"account": self.account, "failures": self.failures}
