"""Jobs: paused, let go on, tried again and cancelled by people."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeVar

from interlock.runtime.errors import BadInput
from interlock.runtime.policy.act import Act
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.store import Tx
from interlock.runtime.run import subject
from interlock.runtime.run.job import NewItem, take_again
from interlock.runtime.run.jobs import STATUSES, Item, Job, Jobs
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import OPEN
from interlock.serving.home import Home

T = TypeVar("T")
_PAGE: Final = 100


def jobs_of(home: Home) -> Jobs:
    """Return the jobs of *home*."""
    return Jobs(
        store=home.store,
        vault=home.vault,
    )


async def pause(home: Home, job_id: str, *, person: Principal) -> None:
    """Let no worker claim a run of the job; a run at work ends its step and goes back to the queue.

    Workers of other processes hear of the pause when they look again.
    """
    job = await jobs_of(home).read(job_id)
    await _perform(
        home,
        "job.pause",
        lambda: jobs_of(home).turn(job, "paused", by=person.id),
        job_id,
        person,
    )


async def resume(home: Home, job_id: str, *, person: Principal) -> None:
    """Leave the runs of a paused job to workers again."""
    job = await jobs_of(home).read(job_id)
    await _perform(
        home,
        "job.resume",
        lambda: jobs_of(home).turn(job, "open", by=person.id),
        job_id,
        person,
    )


async def cancel(
    home: Home, job_id: str, *, person: Principal, undo: bool = False
) -> list[str]:
    """End the job for good with every run of it that has not ended; return which those were.

    With *undo* workers take back what the runs did, also those that have ended: all that are left
    to workers for that are returned, and whatever of a run cannot be undone is listed with the run.
    A run that is being undone is left to whoever undoes it, so that no effect stands that a person
    wanted taken back.
    Nothing else of the job is claimed from the first moment on. A cancel that was killed goes on
    when the same is asked again.
    """
    job = await jobs_of(home).read(job_id)

    async def work() -> list[str]:
        await jobs_of(home).turn(job, "cancelled", by=person.id)
        ended = []
        statuses = STATUSES if undo else OPEN
        for run_id in await jobs_of(home).runs(job_id, statuses):
            with suppress(
                BadInput
            ):  # it has ended meanwhile, or nothing of it can be undone
                await home.runs.cancel(run_id, by=person.id, undo=undo)
                ended.append(run_id)
        return ended

    return await _perform(home, "job.cancel", work, job_id, person, undo=undo)


async def retry(home: Home, job_id: str, *, person: Principal) -> list[str]:
    """Leave the dead runs to workers again, and begin a new run for each that failed.

    A new run reads what was submitted for the old one; of an erased run nothing is left to read.
    Returns the ids of the runs that go on.
    """
    job = await jobs_of(home).read(job_id)

    async def work() -> list[str]:
        if job.status == "cancelled":
            raise refused("job_ended", what=f"job {job_id}")
        again = []
        for run_id in await jobs_of(home).runs(job_id, ("dead",)):
            await jobs_of(home).requeue(job, run_id, by=person.id)
            again.append(run_id)
        after = -1
        while page := await jobs_of(home).items(
            job_id,
            after=after,
            limit=_PAGE,
        ):
            after = page[-1].seq
            for item in page:
                run_id = await _again(home, job, item, person)
                again += [run_id] if run_id else []
        return again

    return await _perform(home, "job.retry", work, job_id, person)


async def _perform(
    home: Home,
    act: Act,
    work: Callable[[], Awaitable[T]],
    job_id: str,
    person: Principal,
    **more: bool,
) -> T:
    return await home.runtime.acts.perform(
        act,
        work,
        person=person,
        arguments={"job": job_id, **more},
        look=subject.job(job_id),
    )


async def _again(home: Home, job: Job, item: Item, person: Principal) -> str:
    """Begin a new run for the document if its run failed; return the run's id, or nothing."""
    if item.status != "failed" or not item.run_id or not item.path:
        return ""
    file = await home.library.submitted(item.run_id)
    if file is None:
        return ""
    old = await home.runs.read(item.run_id)
    new = NewItem(
        job=job.id,
        seq=item.seq,
        path=item.path,
        document=item.document,
    )

    def also(tx: Tx, run_id: str) -> None:
        take_again(tx, home.vault, new, run_id=run_id)
        home.library.submit(
            tx,
            file,
            run_id=run_id,
            tenant=job.tenant,
        )

    run = await home.runtime.start(
        job.agent,
        old.request,
        principal=person,
        limits=home.settings.limits,
        autonomy=home.settings.autonomy,
        claim=False,
        priority=job.priority,
        job=job.id,
        also=also,
    )
    return run.id
