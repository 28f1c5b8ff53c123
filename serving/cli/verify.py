"""The command `interlock verify`."""

from dataclasses import asdict
from typing import Annotated, NoReturn

import typer
from rich.text import Text

from interlock.runtime.errors import InterlockError
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, out
from interlock.serving.cli.show import grid, whole
from interlock.serving.verification.finding import Finding, broken

application = typer.Typer(add_completion=False)


@application.command()
def verify(
    as_json: AsJson = False,
    only_list: Annotated[
        bool,
        typer.Option("--list", help="Say what the guarantees stop, and try nothing."),
    ] = False,
) -> None:
    """Try every rule and every guarantee, and touch nothing kept; 5 when one does not hold."""
    from interlock.serving.verification import installation

    if only_list:
        _list(as_json=as_json)
        return
    try:
        findings = session.run(installation.verify)
    except InterlockError as error:
        findings = [broken("open", error)]
    tell(findings, as_json=as_json)


def tell(findings: list[Finding], *, as_json: bool) -> NoReturn:
    """Print *findings* and end the command: 0 when all is well, 5 when anything is wrong."""
    if as_json:
        session.print_json([asdict(finding) for finding in findings])
    else:
        _print(findings)
    all_well = all(finding.ok for finding in findings)
    session.leave(session.DONE if all_well else session.FAILED_CLOSED)


def _list(*, as_json: bool) -> None:
    """Print every guarantee with what it stops."""
    from interlock.serving.verification.guarantees import GUARANTEES

    if as_json:
        session.print_json(
            [{"id": one.id, "stops": one.stops} for one in GUARANTEES.values()]
        )
        return
    table = grid(whole("Guarantee"), "Stops")
    for one in GUARANTEES.values():
        table.add_row(one.id, one.stops)
    out.print(table)


def _print(findings: list[Finding]) -> None:
    table = grid("Check", whole(""), "Detail")
    for finding in findings:
        mark = (
            Text("ok", style="green") if finding.ok else Text("WRONG", style="bold red")
        )
        table.add_row(finding.check, mark, finding.detail)
    out.print(table)
