"""The answer of an analyst in the terminal: its plan, its statements, and where each one stands."""

from collections.abc import Iterator
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from interlock.serving.cli.show import shown

QUOTED: Final = 300  # characters of a quotation in the terminal
#: What the policy said of a planned step before the first one was done
FORESEEN: Final = {
    "permit": "permitted",
    "ask": "waits for a person",
    "deny": "denied",
    "open": "not known yet",
}
FAULTS: Final = {
    "no_quotation": "it quotes nothing",
    "too_short": "its quotation is too short",
    "not_read": "its document was not read",
    "not_there": "its quotation does not stand in the document",
    "other_numbers": "its numbers do not stand in the quotation",
}
#: The styles of what is good, of what waits and of what is not
_STYLES: Final = {"permit": "green", "ask": "yellow", "deny": "red", "open": ""}


def answered(view: dict[str, Any]) -> Iterator[RenderableType]:
    """Yield plan, statements and what is not grounded, as far as an analyst got."""
    answer = view.get("answer")
    if not answer:
        return
    yield shown(answer["question"], style="bold")
    yield Text("Plan, as the policy saw it before anything was read", style="dim")
    for step in answer["plan"]:
        yield _step(step)
    for document in answer["documents"]:
        if not document["digest"]:
            yield shown(
                f"not read: {document['name']} ({document['code']})", style="red"
            )
    for statement in answer["statements"]:
        yield from _statement(statement)
    if answer["ungrounded"]:
        yield Text(
            "Not grounded: nothing in the documents bears it out", style="yellow"
        )
    for statement in answer["ungrounded"]:
        why = FAULTS[statement["fault"]]
        yield shown(f"  ? {statement['says']} ({why})", style="yellow")


def _step(step: dict[str, Any]) -> Text:
    verdict = step["verdict"]
    line = Text("  ")
    line.append_text(shown(step["tool"]))
    line.append(f"  {FORESEEN[verdict]}", style=_STYLES[verdict])
    if step["codes"]:
        line.append_text(shown(f": {', '.join(step['codes'])}", style="red"))
    to = step["arguments"].get("to")
    if to:
        line.append_text(shown(f"  to {', '.join(to)}"))
    return line


def _statement(statement: dict[str, Any]) -> Iterator[Text]:
    cites = statement["cites"]
    yield shown(f"  {statement['says']}")
    place = f"{cites['name']}, {cites['place']}"
    if cites["section"]:
        place += f", section {cites['section']}"
    quotation = " ".join(cites["text"].split())
    if len(quotation) > QUOTED:
        quotation = f"{quotation[:QUOTED]} ..."
    yield shown(f'    "{quotation}"  ({place})', style="dim")
