"""Submissions: the documents that a person hands in as one job."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from interlock.runtime.canonical import Json, canonical, digest
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.events import HOME
from interlock.runtime.record.store import Tx
from interlock.runtime.run import subject
from interlock.runtime.run.job import DUPLICATE, NewItem, NewJob, take
from interlock.runtime.run.pin import digest_of
from interlock.serving.home import Home
from interlock.serving.operations import policies
from interlock.serving.operations.jobs import jobs_of
from interlock.serving.submission import Named, Submission
from interlock.tools.documents import DocumentError, DocumentReader
from interlock.tools.documents.reader import File

_READER: Final = DocumentReader()


@dataclass(kw_only=True, slots=True)
class Submitted:
    """What became of a submission so far."""

    job: str
    runs: list[str] = field(default_factory=list)
    #: Documents without a run of their own, with the reason
    skipped: list[dict[str, str]] = field(default_factory=list)
    #: Documents that an earlier, interrupted submission had taken
    before: int = 0


async def submit(
    home: Home,
    submission: Submission,
    *,
    person: Principal,
    told: Callable[[Submitted], None] = lambda _: None,
) -> Submitted:
    """Submit the documents as one job for *person*: one queued run each; *told* after each.

    The bytes of a document are kept with its run, so what was submitted is what is reviewed. One
    document is in memory at a time. A document that is none is refused and stops no other; the same
    document is reviewed once, unless the submission says so. Submitting the same again goes on
    where a killed command was, and starts nothing twice. Raises `NotPermitted`, and `BadInput` for
    a cancelled job.
    """
    await policies.ensure_in_force(home, person=person)
    job_id = await _id(home, submission, person)
    done = Submitted(job=job_id)

    async def work() -> None:
        await jobs_of(home).submit(_new(submission, job_id, person))
        numbers = await jobs_of(home).numbers(job_id)
        done.before = len(numbers)
        for seq, named in enumerate(submission.documents):
            if seq not in numbers:
                await _Taking(home, submission, person, done).take(seq, named)
                told(done)

    await home.runtime.acts.perform(
        "job.submit",
        work,
        person=person,
        arguments={
            "job": job_id,
            "agent": submission.agent,
            "items": len(submission.documents),
            "request": digest(dict(submission.request)),
            "settings": home.digest,
        },
        look=subject.tenant("job", job_id),
    )
    return done


class _Taking:
    """Takes the documents of one submission."""

    def __init__(
        self,
        home: Home,
        submission: Submission,
        person: Principal,
        done: Submitted,
    ) -> None:
        self._home = home
        self._submission = submission
        self._person = person
        self._done = done

    async def take(self, seq: int, named: Named) -> None:
        """Begin a run for the document, or record why there is none."""
        item = NewItem(
            job=self._done.job,
            seq=seq,
            path=named.name,
        )
        try:
            file = await _taken(named)
            request = {**self._submission.request, **named.request}
            key = await self._key(file, request)
            await self._start(item, file, request, key)
        except DocumentError as error:
            await self._refuse(item, f"document_{error.code}", str(error))
        except BadInput as error:
            if error.code == "job_ended":
                raise
            if error.code != "taken_already":
                why = error.why if error.code == DUPLICATE else str(error)
                await self._refuse(item, error.code, why)

    async def _key(self, file: File, request: dict[str, Json]) -> str:
        """Return what only the same document has that is asked the same under the same pins."""
        agent = self._submission.agent
        pins = await self._home.runtime.pins(agent)
        pinned = digest_of(
            agent,
            revision=pins.revision,
            others=pins.others,
        )
        same: list[Json] = [self._person.tenant, pinned, request, file.digest]
        return await _keyed(self._home, same)

    async def _start(
        self,
        item: NewItem,
        file: File,
        request: dict[str, Json],
        key: str,
    ) -> None:
        home = self._home
        submission = self._submission
        whole = NewItem(
            job=item.job,
            seq=item.seq,
            path=item.path,
            document=key,
            once=not submission.again,
        )

        def also(tx: Tx, run_id: str) -> None:
            take(tx, home.vault, whole, run_id=run_id)
            home.library.submit(
                tx,
                file,
                run_id=run_id,
                tenant=self._person.tenant,
            )

        run = await home.runtime.start(
            submission.agent,
            {**request, "path": item.path},
            principal=self._person,
            limits=home.settings.limits,
            autonomy=home.settings.autonomy,
            claim=False,
            priority=submission.priority,
            job=item.job,
            also=also,
        )
        self._done.runs.append(run.id)

    async def _refuse(self, item: NewItem, code: str, why: str) -> None:
        refused = NewItem(
            job=item.job, seq=item.seq, path=item.path, refused=code, why=why
        )
        home = self._home
        with suppress(BadInput):
            await home.store.write(
                lambda tx: take(tx, home.vault, refused), logs=(self._person.tenant,)
            )
        self._done.skipped.append({"path": item.path, "why": why})


async def _taken(named: Named) -> File:
    if named.taken is None:
        return await _READER.taken(named.path)
    return _READER.checked(await named.taken())


def _new(submission: Submission, job_id: str, person: Principal) -> NewJob:
    return NewJob(
        id=job_id,
        tenant=person.tenant,
        agent=submission.agent,
        by=person.id,
        request=submission.request,
        priority=submission.priority,
        limits=submission.limits,
        items=len(submission.documents),
    )


async def _id(home: Home, submission: Submission, person: Principal) -> str:
    """Return the id of the job: the same for the same submission of the same tenant.

    Whoever asks for another review gets another job, once the one before is complete.
    """
    number = 0
    while True:
        same: list[Json] = [person.tenant, submission.digest, number]
        job_id = f"job-{(await _keyed(home, same))[:12]}"
        if not submission.again:
            return job_id
        try:
            job = await jobs_of(home).read(job_id)
        except BadInput:
            return job_id
        if job.taken < job.items:
            return job_id
        number += 1


async def _keyed(home: Home, value: list[Json]) -> str:
    """Return a digest of *value* that nobody can compare without the home's key."""
    return await home.store.read(
        lambda connection: home.vault.key(connection, HOME).commit(canonical(value))
    )
