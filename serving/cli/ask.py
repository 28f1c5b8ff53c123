"""The command `interlock ask QUESTION FILE...`."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from interlock.runtime.errors import BadInput, InterlockError, NotRecorded
from interlock.serving import intake
from interlock.serving.cli import session
from interlock.serving.cli.result import report
from interlock.serving.cli.session import As, AsJson, err
from interlock.serving.models.entry import ANALYST

if TYPE_CHECKING:
    from interlock.runtime.policy.request import Principal
    from interlock.serving.home import Home
    from interlock.serving.settings import Settings

application = typer.Typer(add_completion=False)
#: The code of a question where no model is set that could answer
NO_MODEL: Final = "no_model"


@application.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question, in your own words.")],
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", help="Contracts: TXT, PDF or DOCX, or a folder of them."
        ),
    ],
    *,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Ask a question over contracts: a model plans, looks, and answers with quotations.

    What the question does not ask for is not done. A statement that its quotation does not bear is
    shown apart. It needs a model: [model] in interlock.toml.
    """
    settings = session.configured()
    who = session.acting(settings, person)
    _need_model(settings)
    paths = [path for name in names for path in intake.contracts(name)]

    async def work(home: "Home") -> int:
        return await _asked(home, question, paths, who, as_json=as_json)

    session.leave(session.run(work, using=settings))


def _need_model(settings: "Settings") -> None:
    """Refuse a question that nobody can answer; no rule pretends to understand one."""
    if settings.model is None and ANALYST not in settings.models:
        raise BadInput(
            what="ask",
            why="no model is set, and nothing else answers questions",
            next_step="Name one under [model] in interlock.toml.",
            code=NO_MODEL,
        )


async def _asked(
    home: "Home",
    question: str,
    paths: list[Path],
    person: "Principal",
    *,
    as_json: bool,
) -> int:
    from interlock.serving.operations import runs
    from interlock.serving.view import view

    request: dict[str, Any] = {
        "question": question,
        "paths": [str(path) for path in dict.fromkeys(paths)],
    }
    run = await runs.start(home, person=person, agent="analyst", request=request)
    session.under_way.run_id = run.id
    quiet = as_json or session.choices().quiet or not err.is_terminal
    code: int | None = None
    with nullcontext() if quiet else err.status("asking"):
        try:
            await home.drive(run)
        except NotRecorded:
            raise
        except InterlockError as error:  # the run has recorded it, and its view says so
            code = error.exit_code
    shown_code = report(await view(home, run.id), as_json=as_json)
    session.under_way.run_id = None
    return shown_code if code is None else code
