"""The command `interlock audit verify|export|show`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from rich.table import Column
from rich.text import Text

from interlock.runtime.errors import BadInput
from interlock.runtime.record import audit_verify
from interlock.runtime.record.audit import Audit
from interlock.serving.audit import entries, exported, verified
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, out
from interlock.serving.cli.show import grid, whole
from interlock.serving.home import Home

LogName: TypeAlias = Annotated[
    str | None, typer.Option("--log", help="Only this log: a tenant, or home; default: every log.")
]
application = typer.Typer(
    help="The record: verify it, take it along, read it.", no_args_is_help=True
)


@application.command()
def verify(
    file: Annotated[
        Path | None, typer.Argument(help="An export; default: this home's ledger.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The public key to trust, in hexadecimal.")
    ] = None,
    log: LogName = None,
    as_json: AsJson = False,
) -> None:
    """Verify the ledger: every entry, every signature, and what they say together."""
    if file is None:
        audit = session.run(lambda home: verified(home, log=log))
    else:
        audit = _offline(file, key, log)
    if as_json:
        session.print_json(_plain(audit))
    else:
        _print(audit)
    session.leave(session.DONE if audit.valid else session.FAILED_CLOSED)


def _plain(audit: Audit) -> dict[str, Any]:
    logs = [
        {
            "log": report.log,
            "valid": report.valid,
            "size": report.size,
            "root": report.root,
            "checkpoints": report.checkpoints,
        }
        for report in audit.reports
    ]
    return {
        "valid": audit.valid,
        "size": audit.size,
        "checkpoints": audit.checkpoints,
        "key": audit.key,
        "logs": logs,
        "problems": [asdict(problem) for problem in audit.problems],
    }


def _print(audit: Audit) -> None:
    for problem in audit.problems:
        line = f"{problem.log} entry {problem.seq}: {problem.code}: {problem.detail}"
        out.print(Text(line, style="red"))
    verdict = ("valid", "bold green") if audit.valid else ("NOT VALID", "bold red")
    sizes = f": {audit.size} entries, {audit.checkpoints} signed checkpoints"
    out.print(Text.assemble("Ledger ", verdict, sizes))
    for report in audit.reports:
        out.print(
            Text(f"log  {report.log}, {report.size} entries\nroot {report.root}", style="dim")
        )
    out.print(Text(f"key  {audit.key}", style="dim"))


@application.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where to; must not exist.")],
    log: LogName = None,
    as_json: AsJson = False,
) -> None:
    """Write the ledger for verification elsewhere: `python audit_verify.py FILE --key HEX`."""

    async def work(home: Home) -> dict[str, Any]:
        records = await exported(home, log=log)
        try:
            with file.open("x", encoding="utf-8") as target:
                target.writelines(
                    json.dumps(record, ensure_ascii=False) + "\n" for record in records
                )
        except OSError as error:
            raise BadInput(
                what=str(file), why=error.strerror or "", next_step="Name a new file."
            ) from error
        return {
            "file": str(file),
            "entries": sum(1 for record in records if record["kind"] == "entry"),
            "logs": [record["log"] for record in records if record["kind"] == "log"],
            "public_key": home.ledger.public_key.hex(),
        }

    done = session.run(work)
    if as_json:
        session.print_json(done)
    else:
        out.print(
            f"{done['entries']} entries in {file}; public key {done['public_key']}",
            markup=False,
            soft_wrap=True,
        )
        out.print(
            f"Verify anywhere: python {audit_verify.__file__} {file}", markup=False, soft_wrap=True
        )


@application.command()
def show(
    run_id: Annotated[str | None, typer.Argument(help="Only this run.")] = None,
    log: LogName = None,
    as_json: AsJson = False,
) -> None:
    """Show the entries in order, with what only this home's keys can open."""

    async def work(home: Home) -> list[dict[str, Any]]:
        if run_id is not None:
            await home.runs.read(run_id)  # an unknown run is an error, not an empty list
        return await entries(home, run_id, log=log)

    found = session.run(work)
    if as_json:
        for each in found:
            session.print_json(each)
        return
    event = Column("Event", max_width=10)
    table = grid(
        whole("Log"),
        whole("Seq"),
        whole("Run"),
        event,
        whole("Tool"),
        whole("State"),
        Column("Codes", overflow="fold"),
    )
    for each in found:
        body = each["body"]
        state = str(body.get("state", body.get("status", "")))
        codes = "\n".join(body.get("codes", []))
        table.add_row(
            each["log"],
            str(body["seq"]),
            body["run"],
            body["event"].replace("_", " "),
            body.get("tool", ""),
            state,
            codes,
        )
    out.print(table)


def _offline(file: Path, key: str | None, log: str | None) -> Audit:
    try:
        reports = audit_verify.verify_export(file, key=key)
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise BadInput(
            what=str(file), why=f"it is not a ledger export ({error})", next_step="Export it again."
        ) from error
    if log is None:
        return Audit(reports=tuple(reports))
    return Audit(reports=tuple(report for report in reports if report.log == log))
