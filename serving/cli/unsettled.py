"""What is known of an unknown action, in the terminal, and what a person does next."""

import json
from collections.abc import Iterator
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from interlock.serving.cli.show import STATES, moment, shown

#: Characters of an argument in the terminal; JSON has all of it
_LONGEST: Final = 300


def unsettled(actions: list[dict[str, Any]]) -> Iterator[RenderableType]:
    """Yield each action of which nobody knows whether it happened, with everything known of it."""
    for action in actions:
        lines = [Padding(line, (0, 0, 0, 2)) for line in _lines(action)]
        title = f"Nobody knows whether {action['tool']} happened ({action['id'][:12]})"
        yield Group(Text(), shown(title, style=STATES["unknown"]), *lines)


def _lines(action: dict[str, Any]) -> Iterator[Text]:
    for name, value in (action["arguments"] or {}).items():
        text = value if isinstance(value, str) else json.dumps(value)
        yield shown(f"{name}: {text[:_LONGEST]}")
    yield shown(_begun(action))
    yield shown(f"why: {action['why']['detail']}")
    if action["readback"]:
        yield shown(f"what it should have left: {action['readback']}")
    if action["late"]:
        yield shown(
            f"its worker reported later, after it had lost the run: {action['late']}"
        )
    until = action["may_act_until"]
    after = f" after {moment(until)}, when nobody can be at work on it" if until else ""
    yield shown(f"Look where it would show, and say what you found{after}:")
    for command in action["next"]:
        yield Text(f"  {command}")


def _begun(action: dict[str, Any]) -> str:
    """Return when the action was begun, how often, and where."""
    if action["began"] is None:
        return "begun: nothing is recorded of it"
    often = f" ({action['times']} times, with one key)" if action["times"] > 1 else ""
    place = f" on {action['machine']}" if action["machine"] else ""
    process = f", process {action['process']}" if action["process"] else ""
    return f"begun {moment(action['began'])}{often}{place}{process}"
