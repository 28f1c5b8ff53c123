"""Showing a run in the terminal. Text from documents is printed as text, with hidden characters made visible."""

from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Column, Table
from rich.text import Text

from interlock.tools.page import visible

QUOTED: Final = 140  # characters of a clause in the terminal; the report has all of it
WHERE: Final = 13  # columns: a page and a span stand on one line while they fit, else on two
STATES: Final = {
    "done": "green",
    "denied": "red",
    "waiting": "yellow",
    "failed": "red",
    "unknown": "magenta",
}


def grid(*columns: Column | str, expand: bool = False) -> Table:
    """Return a table of the house's look: no frame, so that ids and codes fit into 80 columns unbroken."""
    return Table(*columns, box=SIMPLE_HEAD, pad_edge=False, show_edge=False, expand=expand)


def whole(header: str) -> Column:
    """Return a column whose text is never broken: for what a person copies."""
    return Column(header, no_wrap=True, overflow="ignore")


def shown(text: str) -> Text:
    """Return text from outside as one inert line: no markup, what is hidden shown by its code, every space a plain one."""
    return Text("".join(char if char.isprintable() else " " for char in visible(text)))


def run_panel(view: dict[str, Any]) -> RenderableType:
    """Return the whole story of one run."""
    parts: list[RenderableType] = []
    if view["stopped"]:
        parts.append(Text(f"Stopped: {view['stopped']['why']}", style="red"))
    if view["risk"]:
        parts.append(risk_line(view))
    if view["findings"]:
        parts.append(findings(view["findings"]))
    parts += [decisions(view["decisions"]), spend(view["spend"])]
    if view["waiting"]:
        parts.append(Text(f"Waits for a person: {', '.join(view['waiting'])}", style="yellow"))
    name = view["document"].get("name") or view["document"].get("path") or ""
    title = Text.assemble(
        (view["run_id"], "bold"), "  ", shown(str(name)), "  ", (view["status"], "bold")
    )
    return Panel(Group(*parts), title=title, title_align="left")


def risk_line(view: dict[str, Any]) -> Text:
    """Return the risk in one line with its three weightiest reasons."""
    risk = view["risk"]
    colour = {"low": "green", "medium": "yellow", "high": "red"}[risk["tier"]]
    top = ", ".join(
        f"{each['category']} ({each['when']}, {each['points']})"
        for each in risk["contributions"][:3]
    )
    return Text.assemble(
        "Risk ", (f"{risk['tier']} {risk['score']}/1000", f"bold {colour}"), f": {top}"
    )


def findings(clauses: list[dict[str, Any]]) -> Table:
    """Return the clauses with their citations and confidences."""
    where = Column("Page, span", max_width=WHERE, min_width=WHERE)
    table = grid(
        Column("Clause", max_width=20),
        Column("Quotation", ratio=1),
        where,
        whole("Sure"),
        expand=True,
    )
    for each in clauses:
        text = each["text"] if len(each["text"]) <= QUOTED else each["text"][: QUOTED - 1] + "…"
        span = f"p. {each['page']}, {each['start']}\u2013{each['end']}"
        table.add_row(Text(each["category"]), shown(text), span, f"{each['confidence']:.0%}")
    return table


def decisions(each: list[dict[str, Any]]) -> RenderableType:
    """Return every decision with its reason codes and what became of it, and every denial in full below."""
    table = grid(*map(whole, ("Action", "Class", "Decision", "State")), "Codes")
    for one in each:
        colour = "green" if one["effect"] == "permit" else "red"
        state = Text(one["state"], style=STATES.get(one["state"], ""))
        codes = shown(", ".join(why["code"] for why in one["reasons"]))
        table.add_row(
            Text(one["tool"]), one["class"], Text(one["effect"], style=colour), state, codes
        )
    denials = (denial(one) for one in each if one["effect"] == "deny")
    return Group(Text(), table, *denials, *(failing(one) for one in each if one["failure"]))


def denial(one: dict[str, Any]) -> RenderableType:
    """Return why an action was denied, one reason a line."""
    title = Text.assemble(
        (f"Denied {one['tool']}", "red"), f"  (interlock policy explain {one['id'][:12]})"
    )
    whys = [Text.assemble(f"{why['code']}: ", shown(why["message"])) for why in one["reasons"]]
    return Group(Text(), title, *(Padding(why, (0, 0, 0, 2)) for why in whys))


def failing(one: dict[str, Any]) -> RenderableType:
    """Return why an action did not happen, or may have."""
    why = shown(f"{one['failure']['code']}: {one['failure']['detail']}")
    title = Text(
        f"{'Unknown' if one['state'] == 'unknown' else 'Failed'} {one['tool']}",
        style=STATES[one["state"]],
    )
    return Group(title, Padding(why, (0, 0, 0, 2)))


def spend(amounts: dict[str, Any]) -> Text:
    """Return what was spent of each limit, in one line."""
    limits, spent = amounts["limits"], amounts["spent"]
    return Text(
        "\nSpent " + ", ".join(f"{kind} {spent[kind]:,}/{limits[kind]:,}" for kind in limits),
        style="dim",
    )
