"""The commands `interlock batch list` and `interlock batch show`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, out
from interlock.serving.cli.show import (
    folded,
    grid,
    minutes,
    moment,
    money,
    risk_level,
    whole,
)

if TYPE_CHECKING:
    from interlock.runtime.storage import Storage

JobId: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="JOB",
        help="A job's id, or its beginning.",
    ),
]
Limit: TypeAlias = Annotated[
    int,
    typer.Option(
        min=1,
        help="At most so many rows.",
    ),
]


def list_jobs(limit: Limit = 50, as_json: AsJson = False) -> None:
    """List jobs, newest first."""
    settings = session.configured()

    async def work(storage: "Storage") -> list[dict[str, Any]]:
        from interlock.serving import batches

        jobs = batches.jobs_in(storage)
        page = await jobs.page(
            tenant=settings.tenant,
            limit=limit + 1,
        )
        return [batches.summary(job) for job in page]

    rows = session.cut(session.read(work, using=settings), limit)
    if as_json:
        session.print_json(rows)
        return
    if not rows:
        session.say("No jobs yet.")
        session.next_step("interlock batch submit FOLDER")
        return
    table = grid(
        whole("Job"), whole("Status"), whole("Begun"), whole("Over"), folded("Runs")
    )
    for job in rows:
        over = f"{job['over']} of {job['documents']}"
        begun = moment(job["created"])[:16]
        table.add_row(job["job"], job["status"], begun, over, _counts(job))
    out.print(table)


def show(
    job: JobId,
    *,
    after: Annotated[
        int, typer.Option(help="Only documents after this number: `next` of a page.")
    ] = -1,
    limit: Limit = 50,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on until nothing of it goes on.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show how far a job is, what it has spent, and its documents."""

    async def work(storage: "Storage") -> dict[str, Any]:
        from interlock.serving import batches
        from interlock.serving.names import job_named

        job_id = await job_named(storage.store, job)
        jobs = batches.jobs_in(storage)

        async def now() -> dict[str, Any]:
            return batches.summary(await jobs.read(job_id))

        if watch:
            from interlock.serving.cli.progress import watched

            await watched(now, line=line)
        return await batches.view(
            storage,
            job_id,
            after=after,
            limit=limit,
        )

    seen = session.read(work)
    if as_json:
        session.print_json(seen)
        return
    _tell(seen)


def line(job: dict[str, Any]) -> str:
    """Return how far the job is, in one line."""
    return (
        f"{job['job']}: {job['status']}, {job['over']} of {job['documents']} over"
        f" ({_counts(job)})"
    )


def _counts(job: dict[str, Any]) -> str:
    counts = {**job["counts"], "skipped": job["skipped"]}
    words = [f"{number} {status}" for status, number in counts.items() if number]
    return ", ".join(words) or "nothing yet"


def _document(name: str, why: str) -> str:
    """Return the document and why it was not reviewed; many a reason begins with the name."""
    return f"{name}: {why.removeprefix(f'{name}: ')}" if why else name


def _tell(job: dict[str, Any]) -> None:
    session.say(line(job))
    spent, limits = job["spend"], job["limits"]
    parts = [f"money {money(spent['money_micro'])}", f"tokens {spent['tokens']:,}"]
    if spent["reviewer_ms"]:
        parts.append(f"people {minutes(spent['reviewer_ms'])}")
    parts += [
        f"of {kind} {spent[kind]:,} of at most {amount:,}"
        for kind, amount in limits.items()
    ]
    session.say(f"Spent {', '.join(parts)}")
    table = grid(whole("Run"), whole("Status"), whole("Risk"), folded("Document"))
    for item in job["items"]:
        table.add_row(
            item["run_id"] or "-",
            item["status"],
            risk_level(item["risk"]) if item["risk"] else "-",
            _document(Path(item["path"]).name, item["why"]),
        )
    out.print(table)
    if job["next"] is not None:
        session.next_step(f"interlock batch show {job['job']} --after {job['next']}")
