"""Events of the whole home: switches, policies and the acts of people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from interlock.runtime.record.events.event import HOME, Commits, Object, Of


@dataclass(frozen=True, kw_only=True, slots=True)
class SwitchTurned(Of):
    """A kill switch was engaged or released; the ledger tells every log whose runs it covers."""

    event: ClassVar[str] = "kill_switch"
    scope: str
    id: str
    engaged: bool
    #: The only tenant that is stopped; None for every tenant
    tenant: str | None = None
    #: None in a new log, which is told of the switches that are engaged already
    by: str | None = None

    def body(self) -> Object:
        """Return the public part."""
        return {
            "scope": self.scope,
            "id": self.id,
            "engaged": self.engaged,
            "tenant": self.tenant or HOME,
        }

    def payload(self) -> Object | None:
        """Return who turned it."""
        return None if self.by is None else {"by": self.by}


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyActivated(Of):
    """Another policy revision is in force from now on; which one is sealed, too: it decides."""

    event: ClassVar[str] = "policy_activated"
    revision: str
    #: The revision in force before; empty for none
    previous: str

    def body(self) -> Object:
        """Return the public part."""
        return {"revision": self.revision, "previous": self.previous}

    def payload(self) -> Object:
        """Return the revision, which nobody without the home's key can state."""
        return {"revision": self.revision}


@dataclass(frozen=True, kw_only=True, slots=True)
class Recovered(Of):
    """A person lets a log go on from an older state than the one that was witnessed of it."""

    event: ClassVar[str] = "recovered"
    #: The size and root that were witnessed; 0 and an empty text for none
    known_size: int
    known_root: str
    #: The size and root that the database has
    size: int
    root: str
    by: str
    note: str

    def body(self) -> Object:
        """Return the public part."""
        return {
            "known": {"size": self.known_size, "root": self.known_root},
            "here": {"size": self.size, "root": self.root},
        }

    def payload(self) -> Object | None:
        """Return who did it, and why."""
        return {"by": self.by, "note": self.note}


@dataclass(frozen=True, kw_only=True, slots=True)
class ActDecided(Of):
    """A person's act was put to the policy; the act begins afterwards, if it is permitted."""

    event: ClassVar[str] = "act"
    key: Commits
    act: str
    #: What the person wants to do
    tool: str
    action_class: str
    person: str
    digest: str
    effect: str
    codes: Sequence[str]
    revision: str
    engine: str
    #: Principal, arguments, resource, context and reasons
    asked: Object

    def body(self) -> Object:
        """Return the public part."""
        return {
            "act": self.act,
            "tool": self.tool,
            "class": self.action_class,
            "person": self.key.commit(self.person.encode()),
            "bind": self.key.commit(self.digest.encode()),
            "effect": self.effect,
            "codes": self.codes,
            "revision": self.revision,
            "engine": self.engine,
        }

    def payload(self) -> Object | None:
        """Return what was asked and why it was decided so."""
        return self.asked


@dataclass(frozen=True, kw_only=True, slots=True)
class ActFailed(Of):
    """A person's act that was permitted did not come about."""

    event: ClassVar[str] = "act_failed"
    act: str
    tool: str
    code: str

    def body(self) -> Object:
        """Return the public part."""
        return {
            "act": self.act,
            "tool": self.tool,
            "code": self.code,
        }
