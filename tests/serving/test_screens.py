"""What a terminal shows: whole ids and codes at 80 columns, and text from documents as
inert text.
"""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console

from interlock.serving.cli.panel import run_panel
from interlock.serving.cli.show import grid, shown, whole
from interlock.serving.cli.verify import tell
from interlock.serving.verification.finding import Finding

Command = Callable[..., Any]


def screen(view: dict[str, Any], *, width: int) -> str:
    """Return the run as a terminal of that width shows it."""
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(run_panel(view))
    return out.getvalue()


@pytest.fixture(scope="module")
def view(reviewed: Path, command: Command) -> dict[str, Any]:
    """The view of the one run, with a denial added."""
    (run,) = command(reviewed, "run", "list", "--json").value
    seen: dict[str, Any] = command(
        reviewed, "run", "show", run["run_id"], "--json"
    ).value
    reasons = [
        {
            "code": "untrusted_destination",
            "rule": "egress",
            "message": "The destination comes from untrusted data.",
        },
        {
            "code": "egress_domain",
            "rule": "egress",
            "message": "Mail to the domain example.net is not allowed.",
        },
    ]
    denied = {
        "id": "f" * 64,
        "tool": "mail.send",
        "class": "irreversible",
        "effect": "deny",
        "state": "denied",
        "failure": None,
        "readback": None,
        "late": None,
        "reasons": reasons,
    }
    return seen | {"decisions": [*seen["decisions"], denied]}


def test_what_a_worker_reported_late_stands_beside_what_was_found(
    view: dict[str, Any],
) -> None:
    """An action that a person settled one way and its worker reported the other way shows both."""
    settled = view["decisions"][-1] | {"state": "failed", "late": "done"}
    text = screen(view | {"decisions": [settled]}, width=100)

    assert "mail.send is failed; its worker reported done later" in text


@pytest.mark.parametrize("width", [80, 140])
def test_a_run_fits_the_screen(view: dict[str, Any], width: int) -> None:
    """No line is wider than the terminal, and every id, tool, class, state and code is there in one
    piece.
    """
    text = screen(view, width=width)
    decisions = view["decisions"]
    words = [view["run_id"], *view["waiting"]]
    words += [each[name] for each in decisions for name in ("tool", "class", "state")]
    words += [why["code"] for each in decisions for why in each["reasons"]]

    assert max(len(line) for line in text.splitlines()) <= width
    assert [word for word in words if word not in text] == []
    assert [
        each["category"]
        for each in view["findings"]
        if each["category"].split()[0] not in text
    ] == []


@pytest.mark.parametrize("width", [80, 140])
def test_a_denial_is_told_in_full(view: dict[str, Any], width: int) -> None:
    """Each reason of a denial stands on a line of its own, with how to ask for more."""
    lines = [line.strip(" │") for line in screen(view, width=width).splitlines()]

    assert "untrusted_destination: The destination comes from untrusted data." in lines
    assert "egress_domain: Mail to the domain example.net is not allowed." in lines
    assert "Denied mail.send (interlock policy explain ffffffffffff)" in lines


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\u202eb", "a\u27e8U+202E\u27e9b"),
        ("zero\u200bwidth", "zero\u27e8U+200B\u27e9width"),
        ("\x1b[31mred\x1b[0m", "\u27e8U+001B\u27e9[31mred\u27e8U+001B\u27e9[0m"),
        ("bell\x07 and\nline", "bell\u27e8U+0007\u27e9 and line"),
        (
            "soft\u00adhyphen, filler\u3164, variation\ufe0f",
            "soft\u27e8U+00AD\u27e9hyphen, filler\u27e8U+3164\u27e9, variation\u27e8U+FE0F\u27e9",
        ),
        ("[bold]markup[/bold]", "[bold]markup[/bold]"),
    ],
)
def test_text_from_outside_is_inert(text: str, seen: str) -> None:
    """Control, reordering and hidden characters cannot act on the terminal, and markup is text."""
    assert shown(text).plain == seen


def test_ids_are_never_cut() -> None:
    """A column of ids keeps them whole however narrow the terminal is."""
    out = io.StringIO()
    table = grid(whole("Run"), "Document")
    table.add_row("run-0123456789ab", "a long name that has to give way")
    Console(file=out, width=30).print(table)

    assert "run-0123456789ab" in out.getvalue()


def test_an_error_cannot_act_on_the_terminal(
    home: Path, tmp_path: Path, command: Command
) -> None:
    """A file's name with control characters in it is named without them."""
    ran = command(home, "review", str(tmp_path / "evil\x1b[2Jname.pdf"), "--json")

    assert ran.code == 2
    assert "\x1b" not in ran.err
    assert json.loads(ran.out)["status"] == "refused"


def test_whatever_is_printed_is_inert(tmp_path: Path, command: Command) -> None:
    """A line and a cell of a table show control characters and markup, and obey neither."""
    hostile = "\x1b[2J[red]x[bold]:bomb:"
    folder = tmp_path / hostile
    line = command(None, "init", str(folder))
    row = command(None, "--workspace", str(folder), "config", "show")
    export = tmp_path / "export.jsonl"
    log = {"kind": "log", "log": hostile, "origin": hostile, "public_key": "ab" * 32}
    entry = {"kind": "entry", "seq": 0, "body": hostile, "run": hostile}
    export.write_text(f"{json.dumps(log)}\n{json.dumps(entry)}\n", "utf-8")
    problem = command(None, "audit", "verify", str(export))

    for ran in (line, row, problem):
        assert "\x1b" not in ran.out + ran.err
        assert "[red]x[bold]:bomb:" in "".join(ran.out.split())


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\u202e", "[red]", ":bomb:"])
def test_a_finding_is_inert(capsys: pytest.CaptureFixture[str], hostile: str) -> None:
    """What a check says of names and files from outside is shown, and acts on no terminal."""
    with pytest.raises(typer.Exit):
        tell([Finding(check="people", ok=False, detail=hostile)], as_json=False)

    assert shown(hostile).plain in capsys.readouterr().out
