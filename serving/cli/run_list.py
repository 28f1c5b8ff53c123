"""The command `interlock run list`."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from interlock.runtime.errors import InterlockError
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, out
from interlock.serving.cli.show import (
    folded,
    grid,
    moment,
    placed,
    risk_level,
    standing,
    whole,
)

if TYPE_CHECKING:
    from interlock.runtime.run.pin import Pins
    from interlock.runtime.storage import Storage
    from interlock.serving.settings import Settings

Order: TypeAlias = Literal["date", "risk"]


def list_runs(
    *,
    status: Annotated[
        str | None,
        typer.Option(help="Only runs that are waiting, held, done, erased..."),
    ] = None,
    agent: Annotated[str | None, typer.Option(help="Only runs of this agent.")] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Only runs begun since a date, or 12h, 7d or 2w ago."),
    ] = None,
    limit: Annotated[
        int,
        typer.Option(min=1, help="At most so many, the newest."),
    ] = 50,
    sort: Annotated[
        Order, typer.Option(help="Newest first, or riskiest first.")
    ] = "date",
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    settings = session.configured()
    from interlock.serving.listing import Wanted, listed, since_when

    wanted = Wanted(
        status=status,
        agent=agent,
        since=since_when(since, now=time.time()) if since else 0,
        limit=limit + 1,
        here=partial(_here, settings),
    )

    async def work(storage: "Storage") -> list[dict[str, Any]]:
        return await listed(storage, wanted)

    rows = session.cut(session.read(work, using=settings), limit)
    if sort == "risk":
        rows.sort(key=_score, reverse=True)
    if as_json:
        session.print_json(rows)
        return
    _tell(rows, filtered=bool(status or agent or since))


def _tell(rows: list[dict[str, Any]], *, filtered: bool) -> None:
    if not rows:
        _tell_none(filtered=filtered)
        return
    out.print(_table(rows))
    if any(row["needs_repin"] for row in rows):
        session.next_step(
            "interlock run repin RUN, for a run of another policy or another home"
        )


def _here(settings: "Settings") -> "Pins | None":
    """Return what runs are pinned to here, or None where it cannot be had: the list is shown."""
    from interlock.runtime.run.pin import Pins
    from interlock.serving.pins import expected
    from interlock.serving.policy.in_force import in_force

    try:
        revision = in_force(settings).revision
        return Pins(revision=revision, others=expected(settings))
    except InterlockError as error:
        session.trace(str(error))
        return None


def _tell_none(*, filtered: bool) -> None:
    if filtered:
        session.say("No run fits.")
        session.next_step("interlock run list, for every run")
        return
    session.say("No runs yet.")
    session.next_step("interlock review FILE")


def _standing(row: dict[str, Any]) -> str:
    return standing(row["status"], undoing=row["undoing"])


def _score(row: dict[str, Any]) -> int:
    return row["risk"]["score"] if row["risk"] else -1


def _table(rows: list[dict[str, Any]]) -> Any:
    table = grid(
        whole("Run"),
        whole("Status"),
        whole("Begun"),
        whole("Risk"),
        folded("Document"),
    )
    for row in rows:
        name = Path(row["document"]).name  # the whole path is in the JSON
        about = ", ".join(_about(row))
        table.add_row(
            row["run_id"],
            f"{_standing(row)}{' (repin)' if row['needs_repin'] else ''}",
            moment(row["created"])[:16],
            risk_level(row["risk"]) if row["risk"] else "-",
            f"{name or row['agent']}{f' ({about})' if about else ''}",
        )
    return table


def _about(row: dict[str, Any]) -> Iterator[str]:
    """Yield for whom the run is, its job and its priority, as far as there are any."""
    if row["for"]:
        yield f"for {row['for']}"
    yield from placed(row)
