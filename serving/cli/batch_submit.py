"""The command `interlock batch submit`."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from interlock.runtime.errors import BadInput
from interlock.serving.cli import session
from interlock.serving.cli.fields import confirm, field
from interlock.serving.cli.session import As, AsJson, err
from interlock.serving.cli.show import money

if TYPE_CHECKING:
    from collections.abc import Callable

    from interlock.runtime.policy.request import Principal
    from interlock.serving.home import Home
    from interlock.serving.operations.submissions import Submitted
    from interlock.serving.submission import Submission

Source: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="FOLDER|MANIFEST.csv",
        help="Documents: a folder, one file, or a CSV file with a column `path`.",
    ),
]
AgentName: TypeAlias = Annotated[
    str, typer.Option("--agent", help="The agent that takes each document.")
]
Fields: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="A field of every request.",
    ),
]
Budget: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--budget",
        metavar="KIND=AMOUNT",
        help="What all runs together may spend of a kind.",
    ),
]
Priority: TypeAlias = Annotated[
    int, typer.Option("--priority", help="Workers take the higher first.")
]
JobName: TypeAlias = Annotated[
    str, typer.Option("--name", help="The job's own name: the same name goes on.")
]
Again: TypeAlias = Annotated[
    bool, typer.Option("--again", help="Also what was reviewed before.")
]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def submit(
    source: Source,
    *,
    agent: AgentName = "contract_review",
    fields: Fields = None,
    budget: Budget = None,
    priority: Priority = 0,
    name: JobName = "",
    again: Again = False,
    yes: Yes = False,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Submit many documents as one job for `interlock worker`.

    What is submitted is kept at once: the files may go. The same command goes on where it was
    stopped.
    """
    settings = session.configured()
    who = session.acting(settings, person)
    from interlock.serving.submission import Submission, documents

    submission = Submission(
        agent=agent,
        documents=documents(source),
        request=dict(field(text) for text in fields or []),
        limits=dict(_limit(text) for text in budget or []),
        priority=priority,
        name=name,
        again=again,
    )

    async def work(home: "Home") -> dict[str, Any]:
        return await _submitted(
            home,
            submission,
            who,
            yes=yes,
            quiet=as_json,
        )

    done = session.run(work, using=settings)
    if as_json:
        session.print_json(done)
    else:
        _tell(done)


async def _submitted(
    home: "Home",
    submission: "Submission",
    person: "Principal",
    *,
    yes: bool,
    quiet: bool,
) -> dict[str, Any]:
    from interlock.serving import batches
    from interlock.serving.operations import submissions

    number = len(submission.documents)
    estimate = await batches.estimate(
        home.runtime.storage,
        submission.agent,
        tenant=person.tenant,
        documents=number,
    )
    confirm(f"{_about(submission, estimate)} Submit them?", yes=yes)
    with _progress(number, quiet=quiet) as told:
        done = await submissions.submit(
            home,
            submission,
            person=person,
            told=told,
        )
    return {
        "job": done.job,
        "runs": done.runs,
        "skipped": done.skipped,
        "estimate": estimate,
        "before": done.before,
    }


def _tell(done: dict[str, Any]) -> None:
    for document in done["skipped"]:
        session.complain(f"{document['path']}: {document['why']}")
    before = f", {done['before']} before" if done["before"] else ""
    session.say(
        f"{done['job']}: {len(done['runs'])} submitted{before}, "
        f"{len(done['skipped'])} skipped"
    )
    session.next_step(
        f"interlock worker --until-idle; interlock batch show {done['job']}"
    )


def _about(submission: "Submission", estimate: dict[str, int | None]) -> str:
    number = len(submission.documents)
    cost, seconds = estimate["money_micro"], estimate["seconds"]
    if cost is None or seconds is None:
        return f"{number} documents; no past run says what they cost."
    return f"{number} documents, as past runs were about {money(cost)} and {seconds} s of a worker."


def _limit(text: str) -> tuple[str, int]:
    from interlock.runtime.record.store.tables import KINDS

    kind, _, amount = text.partition("=")
    if kind not in KINDS or not amount.isdecimal() or not int(amount):
        raise BadInput(
            what=f"--budget {text!r}",
            why="it is no KIND=AMOUNT",
            next_step=f"Kinds are {', '.join(KINDS)}; an amount is a whole number.",
        )
    return kind, int(amount)


def _progress(
    number: int, *, quiet: bool
) -> "AbstractContextManager[Callable[[Submitted], None]]":
    """Return what shows how far the submission is, on a terminal alone."""
    if quiet or session.choices().quiet or not err.is_terminal:
        return nullcontext(lambda _: None)
    from interlock.serving.cli.progress import submitting

    return submitting(number)
