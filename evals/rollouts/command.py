"""The command `interlock bench canary`."""

from contextlib import nullcontext
from typing import Annotated, Any

import typer
from rich.table import Table

from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, err, out


def canary(
    seeds: Annotated[
        int, typer.Option(min=1, help="Rollouts of a release that is like the other.")
    ] = 200,
    worse: Annotated[
        int, typer.Option(min=1, help="Rollouts of each release that is worse.")
    ] = 20,
    as_json: AsJson = False,
) -> None:
    """Play rollouts: how often one is rolled back in vain, and how soon when it is worse.

    5 when more are rolled back in vain than is stated, or when a worse release is promoted.
    """
    from interlock.evals.rollouts.played import alike, worse_ones
    from interlock.serving.rollout.controller import Bounds

    with nullcontext() if as_json else err.status("playing", spinner="dots"):
        figures: dict[str, Any] = {
            "stated": Bounds().false_alarm,
            "alike": alike(seeds),
            "worse": worse_ones(worse),
        }
    held = _held(figures)
    if as_json:
        session.print_json(figures | {"held": held})
    else:
        _print(figures)
    session.leave(session.DONE if held else session.FAILED_CLOSED)


def _held(figures: dict[str, Any]) -> bool:
    alike = figures["alike"]
    is_rare = alike["rolled_back"] <= figures["stated"] * alike["of"]
    return is_rare and not any(row["promoted"] for row in figures["worse"].values())


def _print(figures: dict[str, Any]) -> None:
    table = Table("Release", "Rollouts", "Rolled back", "Promoted", "Median runs")
    for name, row in {"alike": figures["alike"], **figures["worse"]}.items():
        table.add_row(
            name,
            f"{row['of']:,}",
            f"{row['rolled_back']:,}",
            f"{row['promoted']:,}",
            f"{row['median_runs']:,}",
        )
    out.print(table)
    session.say(f"At most {figures['stated']:.0%} of those alike may be rolled back.")
