"""A release as the subject of a person's act: who made it, and what was measured of it."""

from sqlalchemy import Connection

from interlock.runtime.policy.request import Principal, Resource, SubjectFacts, identity
from interlock.runtime.record.events import HOME
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import measured, release
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
