"""A release as the subject of a person's act: who wants it in force, and what of it held."""

from sqlalchemy import Connection

from interlock.runtime.policy.request import Principal, Resource, SubjectFacts, identity
from interlock.runtime.record.events import HOME
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import measured, release
from interlock.runtime.run.rollout import Rollout
from interlock.runtime.run.subject import Look, Subject

#: What stands for the agent in the facts: a release has many
_KIND = "release"


def made(name: str) -> Look:
    """Look at a release, verified; whoever made it is who asks for its promotion."""

    def look(connection: Connection, vault: Vault, person: Principal) -> Subject:
        one = release.read(connection, vault, name)
        facts = SubjectFacts(
            tenant=HOME,
            person=identity(person.id),
            requester=identity(one.by),
            agent=_KIND,
            evals=measured.held(connection, vault, one),
        )
        return Subject(resource=Resource(type=_KIND, id=name), facts=facts)

    return look


def paused(rollout: Rollout) -> Look:
    """Look at a paused rollout; whoever made its release or started it asks for it to go on.

    Neither overrules somebody else who paused the rollout. Who paused it may let it go on.
    """

    def look(connection: Connection, vault: Vault, person: Principal) -> Subject:
        one = release.read(connection, vault, rollout.candidate)
        who, by = identity(person.id), identity(rollout.paused_by)
        wanting = [identity(rollout.by), identity(one.by)]
        others = [name for name in wanting if name != who]
        is_overruling = who in wanting and who != by
        facts = SubjectFacts(
            tenant=HOME,
            person=who,
            requester=who if is_overruling or not others else others[0],
            agent=_KIND,
        )
        return Subject(resource=Resource(type=_KIND, id=one.digest), facts=facts)

    return look
