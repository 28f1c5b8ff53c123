"""Showing a run in the terminal. Text from documents is printed as text, with hidden characters made visible."""

from typing import Any, Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from interlock.tools.report.page import visible

QUOTED: Final = 140  # characters of a clause in the terminal; the report has all of it
STATES: Final = {"done": "green", "denied": "red", "waiting": "yellow", "failed": "red", "unknown": "magenta"}


def shown(text: str) -> Text:
    """Return text from outside as inert terminal text: no markup, no control characters."""
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
    title = Text.assemble((view["run_id"], "bold"), "  ", shown(str(name)), "  ", (view["status"], "bold"))
    return Panel(Group(*parts), title=title, title_align="left")


def risk_line(view: dict[str, Any]) -> Text:
    """Return the risk in one line with its three weightiest reasons."""
    risk = view["risk"]
    colour = {"low": "green", "medium": "yellow", "high": "red"}[risk["tier"]]
    top = ", ".join(f"{each['category']} ({each['when']}, {each['points']})" for each in risk["contributions"][:3])
    return Text.assemble("Risk ", (f"{risk['tier']} {risk['score']}/1000", f"bold {colour}"), f": {top}")


def findings(clauses: list[dict[str, Any]]) -> Table:
    """Return the clauses with their citations and confidences."""
    table = Table("Clause", "Quotation", "Page", "Characters", "Confidence", expand=True)
    for each in clauses:
        text = each["text"] if len(each["text"]) <= QUOTED else each["text"][: QUOTED - 1] + "…"
        table.add_row(
            each["category"], shown(text), str(each["page"]), f"{each['start']}–{each['end']}",
            f"{each['confidence']:.0%}",
        )  # fmt: skip
    return table


def decisions(each: list[dict[str, Any]]) -> Table:
    """Return every decision with its reason codes and what became of it."""
    table = Table("Action", "Class", "Decision", "Reasons", "State", expand=True)
    for one in each:
        reasons = [f"{why['code']}: {why['message']}" if one["effect"] == "deny" else why["code"] for why in one["reasons"]]
        colour = "green" if one["effect"] == "permit" else "red"
        state = Text(one["state"], style=STATES.get(one["state"], ""))
        table.add_row(one["tool"], one["class"], Text(one["effect"], style=colour), shown("\n".join(reasons)), state)
    return table


def spend(amounts: dict[str, Any]) -> Text:
    """Return what was spent of each limit, in one line."""
    limits, spent = amounts["limits"], amounts["spent"]
    return Text("Spent " + ", ".join(f"{kind} {spent[kind]:,}/{limits[kind]:,}" for kind in limits), style="dim")
