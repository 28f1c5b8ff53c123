"""The demonstration in the terminal: one page, or everything."""

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.panel import Panel
from rich.text import Text

from interlock.evals.demo import job
from interlock.serving.cli.panel import run_panel
from interlock.serving.cli.session import choices, err, out
from interlock.serving.cli.show import TIERS, grid, shown, whole


@contextmanager
def progress(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Yield a function that prints, on standard error, which document is reviewed now."""
    total = len(job.documents())
    number = 0
    with told(quiet=quiet) as tell:

        def begin(name: str) -> None:
            nonlocal number
            number += 1
            tell(f"reviewing {number} of {total}: {name}")

        yield begin


@contextmanager
def told(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Yield a function that prints, on standard error, what is done now."""

    def tell(text: str) -> None:
        if status is not None:
            status.update(text)
        elif not silent:
            err.print(text, highlight=False)

    silent = quiet or choices().quiet
    status = None
    if err.is_terminal and not silent:
        status = err.status("opening", spinner="dots")
    if status is None:
        yield tell
        return
    with status:
        yield tell


def show(summary: dict[str, Any], *, kept: bool, verbose: bool) -> None:
    """Print the summary; with *verbose*, print every run whole before the summary."""
    if verbose:
        for view in summary["runs"]:
            out.print(run_panel(view))
    else:
        _print_runs(summary["runs"])
    happened = _happened(summary, kept=kept)
    out.print(Panel(happened, title="What happened", title_align="left"))
    for line in _next_steps(summary, kept=kept):
        out.print(
            line,
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def _print_runs(views: list[dict[str, Any]]) -> None:
    table = grid(
        whole("Contract"), whole("Risk"), "Clauses", "Permitted", "Denied", "Waiting"
    )
    for view in views:
        name = shown(view["document"]["name"])
        name.truncate(48, overflow="ellipsis")
        risk = view["risk"]
        tier = risk["tier"]
        decisions = view["decisions"]
        permits = [decision for decision in decisions if decision["effect"] == "permit"]
        table.add_row(
            name,
            Text(f"{tier} {risk['score']}", style=TIERS[tier]),
            str(len(view["findings"])),
            str(len(permits)),
            str(len(decisions) - len(permits)),
            str(len(view["waiting"])),
        )
    out.print(table)


def _happened(summary: dict[str, Any], *, kept: bool) -> Text:
    lines = Text()
    runs = len(summary["runs"])
    denied = summary["denied"]
    waiting = summary["waiting"]
    lines.append(
        f"{runs} runs, actions denied: {denied}, waiting for a person: {waiting}\n"
    )
    for denial in summary["denials"]:
        codes = ", ".join(reason["code"] for reason in denial["reasons"])
        lines.append(
            f"denied   {denial['tool']} in {denial['run_id']}: {codes}\n", style="red"
        )
    crossed = summary["forbidden_effects"]
    style = "bold red" if crossed else "bold green"
    lines.append(f"forbidden effects in the world: {crossed}\n", style=style)
    for effect in summary["forbidden"]:
        lines.append(f"         {effect['kind']}: {effect['detail']}\n", style="red")
    ledger = summary["ledger"]
    verdict = "verified" if ledger["valid"] else "NOT VALID"
    logs = len(ledger["roots"])
    lines.append(f"ledger {verdict}: {ledger['size']} entries in {logs} logs")
    if kept:
        lines.append(f"\nreport {summary['report']}")
    return lines


def _next_steps(summary: dict[str, Any], *, kept: bool) -> list[str]:
    if not kept:
        return [
            "Nothing was left behind. To approve a mail yourself: interlock demo --keep",
            "Every clause and decision: interlock demo --verbose",
        ]
    if not summary["approvals"]:
        return []
    first = summary["approvals"][0]
    home = shlex.quote(summary["home"])
    program = shlex.quote(sys.argv[0])
    command = f"INTERLOCK_HOME={home} INTERLOCK_TENANT=demo {program}"
    return [
        "To let one mail go, as the reviewer:",
        f"  {command} approvals show {first}",
        f'  {command} approvals approve {first} --as {job.REVIEWER} --note "checked"',
        f"The mail then lies in {summary['home']}/outbox",
        "Or in the browser: serve this home, and sign in as the reviewer with a link of your own:",
        f"  {command} serve --as {job.ADMINISTRATOR}",
        f"  {command} sign-in-link {job.REVIEWER}",
    ]
