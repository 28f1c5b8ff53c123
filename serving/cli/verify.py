"""The command `interlock verify`."""

from dataclasses import asdict
from typing import NoReturn

import typer
from rich.text import Text

from interlock.runtime.errors import InterlockError
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, out
from interlock.serving.cli.show import grid, whole
from interlock.serving.verification.finding import Finding

application = typer.Typer(add_completion=False)


@application.command()
def verify(as_json: AsJson = False) -> None:
    """Try every rule and every guard, and touch nothing; 5 when one does not fire."""
    from interlock.serving.verification import installation

    try:
        findings = session.run(installation.verify)
    except InterlockError as error:
        findings = [Finding(check="open", ok=False, detail=str(error))]
    tell(findings, as_json=as_json)


def tell(findings: list[Finding], *, as_json: bool) -> NoReturn:
    """Print *findings* and end the command: 0 when all is well, 5 when anything is wrong."""
    if as_json:
        session.print_json([asdict(finding) for finding in findings])
    else:
        _print(findings)
    all_well = all(finding.ok for finding in findings)
    session.leave(session.DONE if all_well else session.FAILED_CLOSED)


def _print(findings: list[Finding]) -> None:
    table = grid("Check", whole(""), "Detail")
    for finding in findings:
        mark = (
            Text("ok", style="green") if finding.ok else Text("WRONG", style="bold red")
        )
        table.add_row(finding.check, mark, finding.detail)
    out.print(table)
