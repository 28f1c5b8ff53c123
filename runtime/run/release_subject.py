"""A release as the subject of a person's act: who wants it in force, and what of it held.

Whoever made a release wants it in force, and so does whoever started its rollout. Neither overrules
somebody else who paused or stopped the rollout: not by letting it go on, not by starting it anew,
not by a promotion, and not by a way back to the release.

Releases are of the whole installation. *owner* is its own tenant: a release belongs to that one, so
the people of no other tenant act on it.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from interlock.runtime.policy.request import Principal, Resource, SubjectFacts, identity
from interlock.runtime.record.events import HOME
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import measured, promotion, release, rollout
from interlock.runtime.run.release import Release
from interlock.runtime.run.subject import Look, Subject

#: What stands for the agent in the facts: a release has many
_KIND = "release"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sides:
    """Who wants a release in force, and who halted its newest rollout."""

    wanting: tuple[str, ...]
    halting: tuple[str, ...] = ()
    #: The entry of that rollout's newest decision, -1 for none
    seq: int = -1

    def is_overruled_by(self, who: str) -> bool:
        """Whether *who* wants the release although somebody else halted its rollout."""
        return who in self.wanting and any(name != who for name in self.halting)


def made(name: str, *, owner: str) -> Look:
    """Look at a release, verified, for an act that gives runs to it; its maker asks for that.

    Whoever would overrule somebody by the act asks for it, too.
    """

    def look(connection: Connection, vault: Vault, person: Principal) -> Subject:
        one = release.read(connection, vault, name)
        who = identity(person.id)
        is_overruled = _sides(connection, vault, one).is_overruled_by(who)
        facts = SubjectFacts(
            tenant=owner,
            person=who,
            requester=who if is_overruled else identity(one.by),
            agent=_KIND,
            evals=measured.held(connection, vault, one),
        )
        return Subject(resource=Resource(type=_KIND, id=name), facts=facts)

    return look


def paused(name: str, *, owner: str) -> Look:
    """Look at a release whose rollout is paused, for the act that lets the rollout go on.

    Who would overrule somebody asks for that. For all others somebody else does: whoever paused the
    rollout alone lets it go on, and so does a person with no part in it.
    """

    def look(connection: Connection, vault: Vault, person: Principal) -> Subject:
        one = release.read(connection, vault, name)
        who = identity(person.id)
        sides = _sides(connection, vault, one)
        others = [other for other in sides.wanting if other != who]
        facts = SubjectFacts(
            tenant=owner,
            person=who,
            requester=who if sides.is_overruled_by(who) or not others else others[0],
            agent=_KIND,
        )
        return Subject(resource=Resource(type=_KIND, id=name), facts=facts)

    return look


def brought_back(name: str, *, owner: str) -> Look:
    """Look at a release that was in force, for the act that puts it in force again.

    One person is enough, so the home itself asks for that: but for whoever would overrule somebody
    by the act. What came into force since the rollout was halted overrules nobody any more.
    """

    def look(connection: Connection, vault: Vault, person: Principal) -> Subject:
        one = release.read(connection, vault, name)
        who = identity(person.id)
        sides = _sides(connection, vault, one)
        turns = promotion.history(connection, vault)
        is_agreed = any(turn.release == name and turn.seq > sides.seq for turn in turns)
        is_overruled = sides.is_overruled_by(who) and not is_agreed
        facts = SubjectFacts(
            tenant=owner,
            person=who,
            requester=who if is_overruled else HOME,
            agent=_KIND,
        )
        return Subject(resource=Resource(type=_KIND, id=name), facts=facts)

    return look


def inside(name: str, *, owner: str) -> Look:
    """Look into the parts of a release, which only the people of its own tenant do."""

    def look(connection: Connection, vault: Vault, person: Principal) -> Subject:
        facts = SubjectFacts(tenant=owner, person=identity(person.id))
        return Subject(resource=Resource(type=_KIND, id=name), facts=facts)

    return look


def _sides(connection: Connection, vault: Vault, one: Release) -> _Sides:
    newest = rollout.newest_of(connection, vault, one.digest)
    if newest is None:
        return _Sides(wanting=(identity(one.by),))
    return _Sides(
        wanting=(identity(newest.by), identity(one.by)),
        halting=tuple(identity(name) for name in newest.halted_by),
        seq=newest.seq,
    )
