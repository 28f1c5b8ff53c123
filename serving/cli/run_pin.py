"""The command `interlock run repin`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from interlock.runtime.errors import BadInput
from interlock.serving.cli import session
from interlock.serving.cli.session import As, AsJson

if TYPE_CHECKING:
    from interlock.serving.home import Home


def repin(
    run_id: Annotated[
        str | None,
        typer.Argument(metavar="RUN", help="A run's id, or its beginning."),
    ] = None,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Every open run of --revision.")
    ] = False,
    revision: Annotated[
        str | None,
        typer.Option(metavar="OLD", help="The policy they are pinned to."),
    ] = None,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Pin a run to the policy in force; what waits for a person is then asked anew."""
    settings = session.configured()
    who = session.acting(settings, person)
    if (run_id is None) != every or every != bool(revision):
        raise BadInput(
            what="interlock run repin",
            why="it takes a run, or --all with --revision",
            next_step="See the revisions with `interlock run list --json`.",
        )

    async def work(home: "Home") -> Mapping[str, str | None]:
        from interlock.serving.names import run_named
        from interlock.serving.operations import runs

        if revision:
            return await runs.repin_all(home, revision=revision, person=who)
        whole_id = await run_named(home.store, str(run_id))
        await runs.repin(home, whole_id, person=who)
        return {whole_id: None}

    _tell_pinned(session.run(work, using=settings), as_json=as_json)


def _tell_pinned(outcomes: Mapping[str, str | None], *, as_json: bool) -> None:
    """Say what was pinned anew; what was refused is an error."""
    refusals = {run: code for run, code in outcomes.items() if code is not None}
    pinned = [run for run, code in outcomes.items() if code is None]
    if as_json:
        session.print_json({"repinned": pinned, "refused": refusals})
    else:
        for run in pinned:
            session.say(f"{run} keeps to the policy in force.")
            session.next_step(f"interlock run resume {run}")
        for run, code in refusals.items():
            session.say(f"{run} stays as it is: {code}.")
    session.leave(BadInput.exit_code if refusals else 0)
