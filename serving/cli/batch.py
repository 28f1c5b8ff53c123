"""The command `interlock batch submit|list|show|pause|resume|retry|cancel|results`."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from interlock.serving.cli import batch_look, batch_results, batch_submit, session
from interlock.serving.cli.batch_look import JobId
from interlock.serving.cli.fields import confirm
from interlock.serving.cli.session import As, AsJson

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from interlock.serving.home import Home

application = typer.Typer(
    help="Many documents as one job.",
    no_args_is_help=True,
    add_completion=False,
)
application.command()(batch_submit.submit)
application.command("list")(batch_look.list_jobs)
application.command()(batch_look.show)
application.command()(batch_results.results)


@application.command()
def pause(job: JobId, person: As = None, as_json: AsJson = False) -> None:
    """Let no worker take a run of the job; a run at work ends its step and is queued again."""
    _turn("pause", job, person, as_json=as_json)


@application.command()
def resume(job: JobId, person: As = None, as_json: AsJson = False) -> None:
    """Leave the runs of a paused job to workers again."""
    _turn("resume", job, person, as_json=as_json)


@application.command()
def retry(job: JobId, person: As = None, as_json: AsJson = False) -> None:
    """Try dead and failed documents again, with what was submitted."""
    _turn("retry", job, person, as_json=as_json)


@application.command()
def cancel(
    job: JobId,
    *,
    undo: Annotated[
        bool,
        typer.Option("--undo", help="Have workers take back what its runs did."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """End the job for good, with every run of it that has not ended.

    With --undo each effect of its runs is taken back, as `run cancel --undo` does, also of those
    that have ended. `batch show` tells how far that is, `run show` what could not be undone.
    """
    question = f"End job {job} and every run of it that has not ended"
    undoing = ", and take back what all of them did" if undo else ""
    confirm(f"{question}{undoing}?", yes=yes)
    _turn("undo" if undo else "cancel", job, person, as_json=as_json)


def _turn(act: str, beginning: str, person: str | None, *, as_json: bool) -> None:
    settings = session.configured()
    who = session.acting(settings, person)

    async def work(home: "Home") -> dict[str, Any]:
        from interlock.serving import batches
        from interlock.serving.names import job_named
        from interlock.serving.operations import jobs

        job_id = await job_named(home.store, beginning)
        acts: dict[str, Callable[..., Awaitable[object]]] = {
            "pause": jobs.pause,
            "resume": jobs.resume,
            "retry": jobs.retry,
            "cancel": jobs.cancel,
            "undo": partial(jobs.cancel, undo=True),
        }
        await acts[act](home, job_id, person=who)
        return batches.summary(await jobs.jobs_of(home).read(job_id))

    job = session.run(work, using=settings)
    if as_json:
        session.print_json(job)
        return
    session.say(batch_look.line(job))
