"""The command `interlock records list|show|export`."""

import csv
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from interlock.runtime.errors import BadInput, NotFound
from interlock.serving.cli import session
from interlock.serving.cli.output import write_new
from interlock.serving.cli.session import As, AsJson, out
from interlock.serving.cli.show import folded, grid, risk_level, whole
from interlock.serving.results.cell import cell

if TYPE_CHECKING:
    from interlock.runtime.storage import Storage
    from interlock.serving.home import Home

application = typer.Typer(
    help="What was filed about contracts.",
    no_args_is_help=True,
    add_completion=False,
)
COLUMNS: Final = (
    "name",
    "tier",
    "score",
    "findings",
    "party",
    "playbook",
    "status",
    "tenant",
    "run_id",
    "document",
)


@application.command("list")
def list_records(as_json: AsJson = False) -> None:
    """List what was filed, newest first."""
    rows = _rows()
    if as_json:
        session.print_json(rows)
        return
    if not rows:
        session.say("Nothing is filed yet.")
        session.next_step("interlock review FILE")
        return
    table = grid(
        whole("Run"),
        whole("Status"),
        whole("Risk"),
        whole("Findings"),
        folded("Contract"),
    )
    for row in rows:
        table.add_row(
            row["run_id"],
            row["status"],
            risk_level(row),
            str(row["findings"]),
            row["name"],
        )
    out.print(table)


@application.command()
def show(
    of: Annotated[
        str,
        typer.Argument(
            metavar="RUN", help="A run's id or a document's digest, or its start."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Show what a run filed, or every record of a document."""
    places = ("run_id", "document")
    starts = (of, f"run-{of}", f"sha256:{of}")
    rows = [
        row for row in _rows() if any(row[place].startswith(starts) for place in places)
    ]
    if not rows or not of:
        raise NotFound(
            kind="record of",
            name=of,
            next_step="See `interlock records list`.",
        )
    if as_json:
        session.print_json(rows)
        return
    for row in rows:
        for column in COLUMNS:
            session.say(f"{column:<9} {row[column]}")
        session.next_step(f"interlock run report {row['run_id']} -o report.html")


@application.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where to: a new .csv or .json file.")],
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Write every record to a file for a table program (.csv) or for another program (.json)."""
    written = _FORMATS.get(file.suffix.lower())
    if written is None:
        raise BadInput(
            what=str(file),
            why="its kind is unknown",
            next_step="Name a file that ends with .csv or .json.",
        )
    settings = session.configured()
    who = session.acting(settings, person)

    async def work(home: "Home") -> list[dict[str, Any]]:
        from interlock.serving.operations import exports

        return [
            _flat(asdict(record)) for record in await exports.records(home, person=who)
        ]

    rows = session.run(work, using=settings)
    write_new(file, written(rows))
    if as_json:
        session.print_json({"file": str(file), "records": len(rows)})
        return
    session.say(f"{len(rows)} records in {file}")


def _json(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows, ensure_ascii=False, indent=1)


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow([cell(row[column]) for column in COLUMNS])
    return text.getvalue()


_FORMATS: Final = {".csv": _csv, ".json": _json}


def _rows() -> list[dict[str, Any]]:
    async def work(storage: "Storage") -> list[dict[str, Any]]:
        from interlock.tools.contracts.records import Records

        records = Records(store=storage.store, vault=storage.vault)
        return [_flat(asdict(record)) for record in await records.list()]

    return session.read(work)


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    contract = record.pop("contract")
    return record | (contract if isinstance(contract, dict) else contract.model_dump())
