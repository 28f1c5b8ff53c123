"""Subjects: what a person's act is about, read from the database when the act is proposed.

Nothing of a subject comes from the person. A subject whose run was erased has no requester any
more, so an act that takes four eyes on it is denied.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never

from sqlalchemy import Connection, RowMapping, select

from interlock.runtime.errors import Erased, NotFound
from interlock.runtime.policy.request import Principal, Resource, SubjectFacts, identity
from interlock.runtime.record.store import tables
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import approval_step, level, quorum
from interlock.runtime.run.attention import canaries_met
from interlock.runtime.run.job import job_row, submitter
from interlock.runtime.run.recorded_action import of_beginning
from interlock.runtime.run.run import principal_of, requester_of, row_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """One thing an act is about."""

    resource: Resource
    #: None for an act of the whole installation
    facts: SubjectFacts | None = None
    #: The run whose data key seals the entry; empty where there is none, or none any more
    run_id: str = ""


#: Reads the subject for a person; raises `NotFound` when there is no such thing
Look: TypeAlias = Callable[[Connection, Vault, Principal], Subject]


def installation(kind: str, name: str) -> Look:
    """Look at something of the whole installation: a kill switch, a policy, the ledger."""

    def look(connection: Connection, vault: Vault, person: Principal) -> Subject:
        return Subject(resource=Resource(type=kind, id=name))

    return look


def tenant(kind: str, name: str) -> Look:
    """Look at something new in the person's own tenant, such as a run to be started."""

    def look(connection: Connection, vault: Vault, person: Principal) -> Subject:
        facts = SubjectFacts(tenant=person.tenant, person=identity(person.id))
        return Subject(resource=Resource(type=kind, id=name), facts=facts)

    return look


def run(run_id: str) -> Look:
    """Look at a run."""

    def look(connection: Connection, vault: Vault, person: Principal) -> Subject:
        row = row_of(connection, run_id)
        return _of_run(
            row,
            connection,
            vault,
            person,
            state=row["status"],
            kind="run",
            name=run_id,
        )

    return look


def action(run_id: str, beginning: str) -> Look:
    """Look at one action of a run by its id, or by a beginning of it that no other action has."""

    def look(connection: Connection, vault: Vault, person: Principal) -> Subject:
        row = row_of(connection, run_id)
        one = of_beginning(connection, run_id, beginning)
        return _of_run(
            row,
            connection,
            vault,
            person,
            state=one["state"],
            kind="action",
            name=one["id"],
        )

    return look


def job(job_id: str) -> Look:
    """Look at a job."""

    def look(connection: Connection, vault: Vault, person: Principal) -> Subject:
        row = job_row(connection, job_id)
        facts = SubjectFacts(
            tenant=row["tenant"],
            person=identity(person.id),
            requester=identity(submitter(row, vault.key(connection, job_id))),
            agent=row["agent"],
            state=row["status"],
        )
        return Subject(resource=Resource(type="job", id=job_id), facts=facts)

    return look


def budget(budget_id: str) -> Look:
    """Look at the run, the job or the tenant whose budget it is."""

    def look(connection: Connection, vault: Vault, person: Principal) -> Subject:
        row = level.named_so(connection, budget_id)
        match row.facts.level:
            case "run":
                return run(budget_id)(connection, vault, person)
            case "job":
                return job(budget_id)(connection, vault, person)
            case "tenant":
                facts = SubjectFacts(tenant=row.tenant, person=identity(person.id))
                resource = Resource(type="tenant", id=row.tenant)
                return Subject(resource=resource, facts=facts)
            case _:
                assert_never(row.facts.level)

    return look


def approval(approval_id: str) -> Look:
    """Look at an approval."""

    def look(connection: Connection, vault: Vault, person: Principal) -> Subject:
        columns = tables.approval.c
        query = select(columns.run_id, columns.state, columns.quorum).where(
            columns.id == approval_id
        )
        asked = connection.execute(query).one_or_none()
        if asked is None:
            next_step = "List approvals with `interlock approvals list`."
            raise NotFound(
                kind="approval",
                name=approval_id,
                next_step=next_step,
            )
        row = row_of(connection, asked.run_id)
        return _of_run(
            row,
            connection,
            vault,
            person,
            state=asked.state,
            kind="approval",
            name=approval_id,
            role=_asked_of(connection, approval_id, asked.quorum, person),
        )

    return look


def verdict(approval_id: str) -> Look:
    """Look at an approval that the person decides, and at the canaries the person has met."""
    asked = approval(approval_id)

    def look(connection: Connection, vault: Vault, person: Principal) -> Subject:
        subject = asked(connection, vault, person)
        facts = subject.facts
        if facts is None:
            return subject
        met = canaries_met(connection, vault, tenant=facts.tenant, person=person.id)
        return replace(subject, facts=replace(facts, canaries=met))

    return look


def _asked_of(
    connection: Connection, approval_id: str, written: str, person: Principal
) -> str | None:
    """Return the open role of an approval that *person* has, or else the first open one."""
    rows = approval_step.rows_of(connection, [approval_id])
    filled = [(row["seat"], row["role"]) for row in rows if row["kind"] == "approved"]
    seats = quorum.read(written)
    open_seats = quorum.unfilled(seats, filled) or seats
    seat = quorum.seat_for(open_seats, person.roles) or open_seats[0]
    return seat.by


def _not_there(kind: str, name: str) -> NotFound:
    """Return the one answer for what is of another tenant, and for what is nowhere."""
    return NotFound(kind=kind, name=name, next_step="List what there is.")


def keep_own(look: Look) -> Look:
    """Return *look* for which nothing of another tenant is there."""

    def own(connection: Connection, vault: Vault, person: Principal) -> Subject:
        try:
            subject = look(connection, vault, person)
        except NotFound as error:
            raise _not_there(error.kind, error.name) from error
        facts = subject.facts
        if facts is not None and facts.tenant != person.tenant:
            raise _not_there(subject.resource.type, subject.resource.id)
        return subject

    return own


def _of_run(
    row: RowMapping,
    connection: Connection,
    vault: Vault,
    person: Principal,
    *,
    state: str,
    kind: str,
    name: str,
    role: str | None = None,
) -> Subject:
    run_id = row["id"]
    requester = ""
    sealed_under = ""
    try:
        requester = requester_of(principal_of(row, vault.key(connection, run_id)))
    except Erased:
        pass
    else:
        sealed_under = run_id
    facts = SubjectFacts(
        tenant=row["tenant"],
        person=identity(person.id),
        requester=identity(requester),
        agent=row["agent"],
        state=state,
        role=role,
    )
    return Subject(
        resource=Resource(type=kind, id=name),
        facts=facts,
        run_id=sealed_under,
    )
