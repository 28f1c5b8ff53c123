"""The command `interlock audit verify|export|show`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column
from rich.text import Text

from interlock.runtime.errors import BadInput
from interlock.runtime.record import audit_verify
from interlock.runtime.record.ledger import export as exported
from interlock.serving.audit import entries, verified
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, out
from interlock.serving.cli.show import grid, whole
from interlock.serving.home import Home

application = typer.Typer(
    help="The record: verify it, take it along, read it.", no_args_is_help=True, add_completion=False
)


@application.command()
def verify(
    file: Annotated[
        Path | None, typer.Argument(help="An export; default: this home's ledger.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The public key to trust, in hexadecimal.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify the ledger: every entry, every signature, and what they say together."""
    report = session.run(verified) if file is None else _offline(file, key)
    if as_json:
        problems = [
            {"code": each.code, "seq": each.seq, "detail": each.detail} for each in report.problems
        ]
        session.print_json(
            {
                "valid": report.valid,
                "size": report.size,
                "root": report.root,
                "checkpoints": report.checkpoints,
                "key": report.key,
                "problems": problems,
            }
        )
    else:
        for each in report.problems:
            out.print(Text(f"entry {each.seq}: {each.code}: {each.detail}", style="red"))
        verdict = (
            Text("valid", style="bold green")
            if report.valid
            else Text("NOT VALID", style="bold red")
        )
        out.print(
            Text.assemble(
                "Ledger ",
                verdict,
                f": {report.size} entries, {report.checkpoints} signed checkpoints",
            )
        )
        out.print(Text(f"root {report.root}\nkey  {report.key}", style="dim"))
    session.leave(session.DONE if report.valid else session.FAILED_CLOSED)


@application.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where to; must not exist.")], as_json: AsJson = False
) -> None:
    """Write the ledger for verification elsewhere: `python audit_verify.py FILE --key HEX`."""

    async def work(home: Home) -> dict[str, Any]:
        records = await home.store.read(lambda connection: list(exported(connection)))
        header = {
            "kind": "log",
            "origin": home.ledger.origin,
            "public_key": home.ledger.public_key.hex(),
        }
        try:
            with file.open("x", encoding="utf-8") as target:
                target.writelines(
                    json.dumps(record, ensure_ascii=False) + "\n" for record in (header, *records)
                )
        except OSError as error:
            raise BadInput(
                what=str(file), why=error.strerror or "", next_step="Name a new file."
            ) from error
        return {
            "file": str(file),
            "entries": sum(1 for each in records if each["kind"] == "entry"),
        } | header

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
    as_json: AsJson = False,
) -> None:
    """Show the entries in order, with what only this home's keys can open."""

    async def work(home: Home) -> list[dict[str, Any]]:
        if run_id is not None:
            await home.runs.read(run_id)  # an unknown run is an error, not an empty list
        return await entries(home, run_id)

    found = session.run(work)
    if as_json:
        for each in found:
            session.print_json(each)
        return
    event = Column("Event", max_width=10)
    table = grid(
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
            str(body["seq"]),
            body["run"],
            body["event"].replace("_", " "),
            body.get("tool", ""),
            state,
            codes,
        )
    out.print(table)


def _offline(file: Path, key: str | None) -> audit_verify.Report:
    try:
        header, records = audit_verify.read_export(file)
        public, origin = bytes.fromhex(key or header["public_key"]), str(header["origin"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise BadInput(
            what=str(file), why=f"it is not a ledger export ({error})", next_step="Export it again."
        ) from error
    return audit_verify.verify(records, key=public, origin=origin)
