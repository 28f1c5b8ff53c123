"""The command `interlock batch results`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interlock.serving.cli import session
from interlock.serving.cli.batch_look import JobId
from interlock.serving.cli.output import new_file
from interlock.serving.cli.session import As, AsJson
from interlock.serving.results.formats import Format

if TYPE_CHECKING:
    from interlock.serving.home import Home


def results(
    job: JobId,
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="A new file.")],
    form: Annotated[
        Format,
        typer.Option("--format", help="For programs, for a table program, or a page."),
    ] = "jsonl",
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Write what the reviews of a job found, a row a document; `html` is a page about all of it.

    `parquet` needs the extra of that name.
    """
    settings = session.configured()
    who = session.acting(settings, person)

    async def work(home: "Home") -> int:
        from interlock.serving.names import job_named
        from interlock.serving.operations import exports

        job_id = await job_named(home.store, job)
        with new_file(output) as target:
            return await exports.job(
                home,
                job_id,
                target,
                person=who,
                form=form,
            )

    number = session.run(work, using=settings)
    if as_json:
        session.print_json({"file": str(output), "documents": number})
        return
    session.say(f"{number} documents in {output}")
