"""The command `interlock demo`."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from interlock.evals.attacks.bait import bait_tools
from interlock.evals.attacks.planner import ObedientPlanner
from interlock.evals.demo import job, page, screen
from interlock.evals.demo.planned import Planned, tools
from interlock.evals.live import weights
from interlock.runtime.errors import BadInput
from interlock.serving import people
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson
from interlock.serving.home import Home
from interlock.serving.settings import Settings, sqlite_url

application = typer.Typer(add_completion=False)
Compromised: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--compromised", help="Use a planner that obeys whatever a contract says."
    ),
]
WithModel: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--model",
        help="Let a real language model plan; 1.2 GB are fetched the first time.",
    ),
]


@application.command()
def demo(
    *,
    compromised: Compromised = False,
    model: WithModel = False,
    bundle: Annotated[
        Path | None,
        typer.Option(help="Another policy bundle, to see the rails matter."),
    ] = None,
    home: Annotated[Path | None, typer.Option(help="Where to; implies --keep.")] = None,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Keep the folder, to approve a mail yourself."),
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="Show every clause and every decision."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Review three contracts and a hostile copy; 5 when a forbidden effect is found."""
    kept = keep or home is not None
    with _place(home, kept=kept) as place:
        settings = _settings(place, bundle)
        planned = _planned if model else partial(_reviewed, compromised=compromised)
        summary = planned(settings, quiet=as_json)
        page.write(Path(summary["report"]), summary)
    if as_json:
        session.print_json(summary)
    else:
        whole = verbose or session.choices().verbose
        screen.show(summary, kept=kept, verbose=whole)
    safe = not summary["forbidden_effects"] and summary["ledger"]["valid"]
    session.leave(session.DONE if safe else session.FAILED_CLOSED)


@contextmanager
def _place(home: Path | None, *, kept: bool) -> Iterator[Path]:
    """Yield a new folder, and remove the folder afterwards unless it is *kept*.

    A *home* that the user named is never removed. Raises `BadInput` when it holds something.
    """
    if home is not None:
        place = home.resolve()
        if place.exists() and (not place.is_dir() or any(place.iterdir())):
            raise BadInput(
                what=f"--home {place}",
                why="there is something already",
                next_step="Name a new folder.",
            )
        yield place
    elif kept:
        yield Path(tempfile.mkdtemp(prefix="interlock-demo-")).resolve()
    else:
        with tempfile.TemporaryDirectory(prefix="interlock-demo-") as folder:
            yield Path(folder).resolve()


def _settings(place: Path, bundle: Path | None) -> Settings:
    """Return the settings of this machine, but with all files of the demo in *place*."""
    own = {
        "tenant": "demo",
        "database": sqlite_url(place / "interlock.db"),
        "people": place / "people.yaml",
    }
    configured = session.configured(home=place, bundle=bundle)
    settings = configured.model_copy(update=own)
    people.write(settings.people, job.PEOPLE)
    return settings


def _planned(settings: Settings, *, quiet: bool) -> dict[str, Any]:
    """Fetch the model where it is not there yet, and let it plan a review."""
    planned = Planned()
    with screen.told(quiet=quiet) as told:
        weights.fetch(told)

        async def work(opened: Home) -> dict[str, Any]:
            return await planned.summary(opened, told)

        return session.run(work, using=settings, planner=planned.planner, more=tools)


def _reviewed(settings: Settings, *, compromised: bool, quiet: bool) -> dict[str, Any]:
    """Review every document and return the summary that `job.summary` makes."""

    async def work(opened: Home) -> dict[str, Any]:
        runs = []
        with screen.progress(quiet=quiet) as begin:
            for path in job.documents():
                begin(path.name)
                run = await job.review_one(opened, path)
                runs.append(run)
        return await job.summary(opened, runs)

    if not compromised:
        return session.run(work, using=settings)
    return session.run(
        work,
        using=settings,
        planner=ObedientPlanner,
        more=bait_tools,
    )
