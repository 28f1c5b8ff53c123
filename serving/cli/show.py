"""Showing things in the terminal.

Text from documents is printed as text, with hidden characters made visible.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from interlock.tools.page import visible

STATES: Final = {
    "done": "green",
    "denied": "red",
    "waiting": "yellow",
    "expired": "yellow",
    "failed": "red",
    "unknown": "magenta",
}
_MINUTE_MS: Final = 60_000
TIERS: Final = {
    "low": "green",
    "medium": "yellow",
    "high": "red",
}


def grid(*columns: Column | str, expand: bool = False) -> Table:
    """Return a table of the house's look: without a frame, so that ids and codes fit unbroken."""
    return Table(
        *columns,
        box=SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
        expand=expand,
    )


def whole(header: str) -> Column:
    """Return a column whose text is never broken: for what a person copies."""
    return Column(
        header,
        no_wrap=True,
        overflow="ignore",
    )


def folded(header: str) -> Column:
    """Return a column whose text goes on in the next line, and is never cut."""
    return Column(header, overflow="fold")


def shown(text: str, *, style: str = "") -> Text:
    """Return text from outside as one inert line, without markup.

    What is hidden is shown by its code, and every space is a plain one.
    """
    line = "".join(char if char.isprintable() else " " for char in visible(text))
    return Text(line, style=style)


def moment(seconds: int) -> str:
    """Return a time in words."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def risk_level(risk: dict[str, Any]) -> Text:
    """Return the tier and the score, in the colour of the tier."""
    return Text(f"{risk['tier']} {risk['score']}", style=TIERS[risk["tier"]])


def decisions(steps: list[dict[str, Any]]) -> RenderableType:
    """Return every decision with its reason codes and what became of the action.

    Below the table stands every denial, every failure and every late report, in full.
    """
    table = grid(
        whole("Action"),
        whole("Class"),
        whole("Decision"),
        whole("State"),
        "Codes",
    )
    for step in steps:
        effect = Text(
            step["effect"], style="green" if step["effect"] == "permit" else "red"
        )
        state = Text(step["state"], style=STATES.get(step["state"], ""))
        codes = shown(", ".join(reason["code"] for reason in step["reasons"]))
        table.add_row(
            shown(step["tool"]),
            step["class"],
            effect,
            state,
            codes,
        )
    denials = [denial(step) for step in steps if step["effect"] == "deny"]
    failures = [failing(step) for step in steps if step["failure"]]
    unread = [not_read(step) for step in steps if step["readback"] == "not_read"]
    reports = [reported(step) for step in steps if step["late"]]
    return Group(
        Text(),
        table,
        *denials,
        *failures,
        *unread,
        *reports,
    )


def denial(step: dict[str, Any]) -> RenderableType:
    """Return why an action was denied or expired, one reason a line."""
    title = Text.assemble(
        shown(
            f"{step['state'].capitalize()} {step['tool']}", style=STATES[step["state"]]
        ),
        f" (interlock policy explain {step['id'][:12]})",
    )
    reasons = [
        shown(f"{reason['code']}: {reason['message']}") for reason in step["reasons"]
    ]
    return Group(Text(), title, *(Padding(reason, (0, 0, 0, 2)) for reason in reasons))


def failing(step: dict[str, Any]) -> RenderableType:
    """Return why an action did not happen, or may have."""
    why = shown(f"{step['failure']['code']}: {step['failure']['detail']}")
    word = "Unknown" if step["state"] == "unknown" else "Failed"
    title = shown(f"{word} {step['tool']}", style=STATES[step["state"]])
    return Group(title, Padding(why, (0, 0, 0, 2)))


def not_read(step: dict[str, Any]) -> RenderableType:
    """Return that the answer of a tool was not borne out by what its effect left."""
    why = f"{step['tool']} is {step['state']}; what it left could not be read back"
    return shown(why, style=STATES["waiting"])


def reported(step: dict[str, Any]) -> RenderableType:
    """Return what a worker said of an action after the worker had lost the run."""
    why = f"{step['tool']} is {step['state']}; its worker reported {step['late']} later"
    return shown(why, style=STATES.get(step["late"], ""))


def placed(run: dict[str, Any]) -> Iterator[str]:
    """Yield the run's job, and its priority unless that is the usual one."""
    if run["job"]:
        yield run["job"]
    if run["priority"]:
        yield f"priority {run['priority']}"


def standing(status: str, *, undoing: bool) -> str:
    """Return where a run stands; one whose effects are being undone is on its way to its end."""
    return f"cancelling, {status}" if undoing and status != "cancelled" else status


def undone(undo: dict[str, Any]) -> RenderableType:
    """Return which effects of a cancelled run are undone, and why the others are not."""
    lines = [
        Text(f"Undone      {effect['tool']} {effect['id'][:12]}", style="green")
        for effect in undo["undone"]
    ]
    lines += [
        Text(
            f"Not undone  {effect['tool']} {effect['id'][:12]}: {effect['code']}",
            style="yellow",
        )
        for effect in undo["not_undone"]
    ]
    return Group(Text(), *lines)


def money(micro: int) -> str:
    """Return an amount of money in its unit."""
    return f"{micro / 1_000_000:,.2f}"


def spend(amounts: dict[str, Any]) -> Text:
    """Return what was spent of each limit in one line, and the time of people in another."""
    limits = amounts["limits"]
    spent = amounts["spent"]
    parts = [f"{kind} {spent[kind]:,}/{limits[kind]:,}" for kind in limits]
    people = (
        f"People {minutes(spent['reviewer_ms'])} spent, "
        f"{minutes(amounts['reserved']['reviewer_ms'])} set aside, "
        f"of at most {minutes(limits['reviewer_ms'])}"
    )
    return Text(f"\nSpent {', '.join(parts)}\n{people}", style="dim")


def minutes(milliseconds: int) -> str:
    """Return a length of time in minutes."""
    return f"{milliseconds / _MINUTE_MS:,.1f} min"
