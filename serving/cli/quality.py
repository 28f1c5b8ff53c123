"""The command `interlock quality show|seed`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from interlock.serving.cli import session
from interlock.serving.cli.session import As, AsJson, out
from interlock.serving.cli.show import folded, grid, shown, whole

if TYPE_CHECKING:
    from interlock.serving.home import Home
    from interlock.serving.quality.figures import Figures
    from interlock.serving.quality.looks import Quality
    from interlock.serving.quality.share import Share

application = typer.Typer(
    help="How people review, and the canaries that measure it.",
    no_args_is_help=True,
    add_completion=False,
)
Days = Annotated[int, typer.Option(min=1, max=90, help="How far to look back.")]
Number = Annotated[int, typer.Argument(min=1, max=20, help="How many.")]


@application.command()
def show(days: Days = 30, person: As = None, as_json: AsJson = False) -> None:
    """Show how people reviewed; a reviewer sees the own figures."""

    async def work(home: "Home") -> "Quality":
        from interlock.serving.cli.asker import asker
        from interlock.serving.quality.looks import quality

        asking = await asker(home.desk, person)
        return await quality(home, person=asking, days=days)

    seen = session.run(work)
    rows = [*([seen.together] if seen.together else []), *seen.people]
    if as_json:
        session.print_json(
            {"days": seen.days, "people": [written(row) for row in rows]}
        )
        return
    table = grid(
        folded("Person"),
        whole("Work decided"),
        whole("Canaries caught"),
        whole("Work rejected"),
        whole("All approved in 2 s"),
        whole("Median s"),
    )
    for row in rows:
        table.add_row(
            shown(row.person or "everybody"),
            str(row.decided),
            _share(row.caught),
            _share(row.overridden),
            _share(row.quick),
            "" if row.dwell_s is None else f"{row.dwell_s:.0f}",
        )
    out.print(table)


@application.command()
def seed(number: Number = 1, person: As = None, as_json: AsJson = False) -> None:
    """Put canaries before the reviewers: requests known to be bad, which nothing carries out."""

    async def work(home: "Home") -> int:
        from interlock.serving.cli.asker import asker
        from interlock.serving.quality.seeding import seed as put

        return await put(home, number, person=await asker(home.desk, person))

    placed = session.run(work)
    if as_json:
        session.print_json({"wanted": number, "placed": placed})
        return
    session.say(f"Placed: {placed} of {number}.")
    if placed < number:
        session.say(
            "The policy asks nobody about more, or too little was asked before."
        )


def written(row: "Figures") -> dict[str, Any]:
    """Return the figures as JSON holds them."""
    shares = ("quick", "overridden", "caught", "agreed")
    plain = asdict(row)
    return plain | {name: _interval(getattr(row, name)) for name in shares}


def _interval(share: "Share") -> dict[str, Any]:
    return {
        "part": share.part,
        "whole": share.whole,
        "value": share.value,
        "interval": share.interval,
    }


def _share(share: "Share") -> str:
    return f"{share.part} of {share.whole}"
