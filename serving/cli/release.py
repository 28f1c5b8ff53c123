"""The commands `interlock release create|promote|rollback|add|prune`, with those that only look."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from interlock.runtime.errors import BadInput
from interlock.serving.cli import release_looks, rollout, session
from interlock.serving.cli.asker import asker
from interlock.serving.cli.session import As, AsJson

if TYPE_CHECKING:
    from interlock.runtime.record.events.of_release import How
    from interlock.runtime.run.artefact import Kept
    from interlock.runtime.run.release import Manifest
    from interlock.serving.desk import Desk
    from interlock.serving.home import Home
    from interlock.serving.operations.releases import Turned
    from interlock.serving.releases import Changes

application = typer.Typer(
    help="Agent, prompts, policy, playbooks and models as one: made, promoted, taken back.",
    no_args_is_help=True,
    add_completion=False,
)
application.command("list")(release_looks.list_releases)
application.command()(release_looks.show)
application.command()(release_looks.diff)
application.command()(release_looks.history)
application.add_typer(rollout.application, name="rollout")
_WEIGHT: Final = "ALIAS:CANDIDATE=NUMBER"
Note: TypeAlias = Annotated[
    str, typer.Option("--note", help="Why; the ledger keeps the reason.")
]


@application.command()
def create(
    *,
    weight: Annotated[
        list[str] | None,
        typer.Option(
            metavar=_WEIGHT, help="How much of a model's alias a candidate gets."
        ),
    ] = None,
    thresholds: Annotated[
        Path | None, typer.Option(help="What suites must hold, instead of ours.")
    ] = None,
    dataset: Annotated[
        Path | None, typer.Option(help="What the release was measured with.")
    ] = None,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Make a release of what the workspace is now; nothing is in force by that."""
    settings = session.configured()
    who = session.acting(settings, person)
    weights = _weights(weight or [])

    async def work(home: "Home") -> "Manifest":
        from interlock.serving.operations import releases

        return await releases.create(
            home,
            person=who,
            weights=weights,
            thresholds=thresholds,
            dataset=dataset,
        )

    manifest = session.run(work, using=settings, candidate=True)
    if as_json:
        session.print_json({"release": manifest.digest, **manifest.document})
        return
    session.say(f"Release {manifest.digest}")
    session.next_step(
        f"somebody else: interlock release promote {manifest.digest[:12]} --note WHY"
    )


@application.command()
def promote(
    release: release_looks.Name,
    *,
    note: Note,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Put a release in force, all of its parts at once; by default not one that you made."""
    _turn("promoted", release, note, person, as_json=as_json)


@application.command()
def rollback(
    release: Annotated[
        str,
        typer.Argument(
            metavar="RELEASE", help="Which; by default the one before this one."
        ),
    ] = "",
    *,
    note: Note,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Put a release in force again that was before, all of its parts at once."""
    _turn("rolled_back", release, note, person, as_json=as_json)


@application.command()
def add(
    kind: Annotated[str, typer.Argument(help="What it is, such as dataset.")],
    file: Annotated[Path, typer.Argument(help="The file that is kept.")],
    *,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Keep a file by its digest, for a release that will name the digest."""

    async def work(desk: "Desk") -> str:
        from interlock.serving.operations import releases

        one = releases.artefact_of(kind, file)
        who = await asker(desk, person)
        return await releases.add(desk.storage, desk.acts, one, person=who)

    digest = session.act(work)
    if as_json:
        session.print_json({"kind": kind, "digest": digest})
        return
    session.say(f"{kind} {digest}")


@application.command()
def prune(person: As = None, as_json: AsJson = False) -> None:
    """Delete the artefacts that no release names; what a release names stays."""

    async def work(desk: "Desk") -> "list[Kept]":
        from interlock.serving.operations import releases

        who = await asker(desk, person)
        return await releases.prune(desk.storage, desk.acts, person=who)

    pruned = session.act(work)
    if as_json:
        session.print_json([{"kind": one.kind, "digest": one.digest} for one in pruned])
        return
    for one in pruned:
        session.say(f"Deleted: {one.kind} {one.digest}")
    session.say(f"{len(pruned)} deleted.")


def _turn(
    how: "How",
    release: str,
    note: str,
    person: str | None,
    *,
    as_json: bool,
) -> None:
    """Change the release in force, and tell what is in force now."""

    async def work(desk: "Desk") -> "tuple[Turned, Changes | None]":
        from interlock.serving.operations import releases

        turn = releases.promote if how == "promoted" else releases.roll_back
        who = await asker(desk, person)
        ahead = await _ahead(desk, release, as_json=as_json)
        return await turn(desk, release, person=who, note=note), ahead

    turned, ahead = session.act(work)
    if as_json:
        session.print_json(
            {
                "release": turned.release,
                "previous": turned.previous,
                "changes": [] if ahead is None else asdict(ahead)["changes"],
            }
        )
        return
    session.say(f"In force: release {turned.release}")
    if turned.previous:
        session.say(f"Before: {turned.previous}")
    session.next_step("start servers and workers anew; until then they begin no run")


async def _ahead(desk: "Desk", release: str, *, as_json: bool) -> "Changes | None":
    """Return what the release changes, and say so before it is asked for."""
    from interlock.serving import releases

    name = release or await releases.before(desk.storage)
    ahead = await releases.ahead(desk.storage, name)
    if ahead is not None and not as_json:
        release_looks.tell(ahead)
    return ahead


def _weights(texts: list[str]) -> dict[str, dict[str, int]]:
    weights: dict[str, dict[str, int]] = {}
    for text in texts:
        alias, _, rest = text.partition(":")
        candidate, _, number = rest.rpartition("=")
        if not alias or not candidate or not number.isdecimal():
            raise BadInput(
                what=f"weight {text!r}",
                why=f"it is not {_WEIGHT}",
                next_step="Write it as planner:local=95, for instance.",
            )
        weights.setdefault(alias, {})[candidate] = int(number)
    return weights
