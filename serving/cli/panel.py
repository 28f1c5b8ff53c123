"""The whole story of one run in the terminal, and what its review found."""

from collections.abc import Iterator
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Column, Table
from rich.text import Text

from interlock.serving.cli.answer import answered
from interlock.serving.cli.consulted import consulted_line
from interlock.serving.cli.show import (
    TIERS,
    decisions,
    grid,
    placed,
    shown,
    spend,
    standing,
    undone,
    whole,
)
from interlock.serving.cli.unsettled import unsettled
from interlock.tools.contracts.extraction import EXTRACTOR

QUOTED: Final = 140  # characters of a clause in the terminal; the report has all of it
WHERE: Final = 16  # columns: a place and a span stand on two lines
SAYS: Final = {
    "stated": "",
    "denied": "says the opposite",
    "conditional": "in some cases only",
}
BINDS: Final = {
    "ours": "binds us",
    "theirs": "binds them",
    "both": "binds both",
    "unclear": "side unclear",
    "nobody": "",
}
OPEN: Final = {
    "possible": "look at",
    "unsupported": "not looked for",
    "unread": "the end was not read",
}


def run_panel(view: dict[str, Any]) -> RenderableType:
    """Return the whole story of one run."""
    place = ", ".join(placed(view))
    parts: list[RenderableType] = [_document(view)]
    if place:
        parts.append(shown(place))
    if view["stopped"]:
        parts.append(shown(f"Stopped: {view['stopped']['why']}", style="red"))
    parts += answered(view)
    parts += reviewed(view)
    parts.append(decisions(view["decisions"]))
    parts += unsettled(view["unknown"])
    if view["undo"]:
        parts.append(undone(view["undo"]))
    parts.append(spend(view["spend"]))
    if view["waiting"]:
        parts.append(
            Text(f"Waits for a person: {', '.join(view['waiting'])}", style="yellow")
        )
    status = standing(view["status"], undoing=view["undo"] is not None)
    title = Text.assemble((view["run_id"], "bold"), "  ", (status, "bold"))
    return Panel(
        Group(*parts),
        title=title,
        title_align="left",
    )


def _document(view: dict[str, Any]) -> Text:
    document = view["document"]
    return shown(
        str(document.get("name") or document.get("path") or view.get("agent") or "")
    )


def reviewed(view: dict[str, Any]) -> Iterator[RenderableType]:
    """Yield the risk, what it rests on, and the clauses, as far as there was a review."""
    if not view["risk"]:
        return
    yield risk_line(view)
    yield from _notes(view)
    if view["findings"]:
        yield _findings(view["findings"], sided=_is_sided(view))
    if view["consulted"]:
        yield shown(consulted_line(view["consulted"]))
    yield from _more(view)


def risk_line(view: dict[str, Any]) -> Text:
    """Return the risk in one line with its range and its three weightiest reasons."""
    risk = view["risk"]
    reasons = ", ".join(
        f"{part['category']} ({part['when']}, {part['points']} of {part['full']})"
        for part in risk["contributions"][:3]
    )
    level = (f"{risk['tier']} {risk['score']}/1000", f"bold {TIERS[risk['tier']]}")
    span = f" ({risk['least']} to {risk['most']})"
    return Text.assemble("Risk ", level, span, f": {reasons}" if reasons else "")


def _is_sided(view: dict[str, Any]) -> bool:
    return bool(view["side"] and view["side"]["ours"])


def _notes(view: dict[str, Any]) -> Iterator[Text]:
    """Yield whose side was taken and by which playbook, and what of the file was not read."""
    side = view["side"]
    playbook = view["risk"]["playbook"]
    if _is_sided(view):
        yield shown(f"For {side['ours']['name']}, by the playbook {playbook}")
    else:
        asked = side["asked"] if side else ""
        why = f"{asked!r} is no party named in it" if asked else "no --party was named"
        words = f"Sides unclear ({why}): our own rights may count. Playbook: {playbook}"
        yield shown(words, style="yellow")
    inventory = view["inventory"] or {}
    if inventory.get("changed"):
        words = (
            f"{inventory['changed']} tracked changes, read as {inventory['redline']}"
        )
        yield shown(words, style="yellow")
    if inventory.get("left_out"):
        parts = (f"{part['part']} {part['count']}" for part in inventory["left_out"])
        yield shown(f"In the file and not read: {', '.join(parts)}", style="yellow")


def _more(view: dict[str, Any]) -> Iterator[Padding | Text]:
    """Yield what is open, and how much is not shown."""
    for question in view["risk"]["questions"]:
        places = ", ".join(
            f"{_where(clause)} {clause['text'][:QUOTED]!r}"
            for clause in question["rests_on"]
        )
        change = f"{question['when']}: +{question['full']}"
        words = f"{question['category']}: {OPEN[question['open']]} {places} ({change})"
        yield Padding(shown(words, style="dim"), (0, 0, 0, 2))
    if view["more"]:
        parts = (f"{count} more {category}" for category, count in view["more"].items())
        yield shown(f"Not shown: {', '.join(parts)}", style="dim")


def _findings(clauses: list[dict[str, Any]], *, sided: bool) -> Table:
    """Return the clauses with their citations and confidences."""
    where = Column(
        "Where",
        max_width=WHERE,
        min_width=WHERE,
    )
    table = grid(
        Column("Clause", max_width=20),
        Column("Quotation", ratio=1),
        where,
        whole("Sure"),
        expand=True,
    )
    for clause in clauses:
        text = clause["text"]
        if len(text) > QUOTED:
            text = text[: QUOTED - 3] + "..."
        marks = [
            SAYS[clause["polarity"]],
            "changed" if clause["changed"] else "",
            BINDS[clause["bound"]] if sided else "",
            "" if clause["source"] == EXTRACTOR else clause["source"],
        ]
        kind = ", ".join(filter(None, [clause["category"], *marks]))
        table.add_row(
            shown(kind),
            shown(text),
            f"{_where(clause)}, {clause['start']}-{clause['end']}",
            f"{clause['confidence']:.0%}",
        )
    return table


def _where(clause: dict[str, Any]) -> str:
    section = f"s. {clause['section']}, " if clause["section"] else ""
    return f"{section}{clause['place']}"
