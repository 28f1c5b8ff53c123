"""The command `interlock review`: whose side it takes, how it reads a redline, what it refuses."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml

Command = Callable[..., Any]
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
TEXT = (
    'This Hosting Agreement is made between Northwind Traders Ltd ("Customer") and Fabrikam Cloud '
    'Inc. ("Supplier"). Customer may audit the books and records of Supplier on ten days\' notice. '
    "This Agreement shall be governed by the laws of Ireland."
)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """A contract of three sentences."""
    path = tmp_path / "hosting.txt"
    path.write_text(TEXT, "utf-8")
    return path


@pytest.fixture
def redlined(tmp_path: Path) -> Path:
    """The contract as DOCX, in which the other side has changed the law, with a footnote missing
    a comment pending and a hidden text.
    """
    document = docx.Document()
    paragraph = document.add_paragraph(TEXT.replace("Ireland.", ""))._p  # noqa: SLF001 - the only way to its XML
    for kind, tag, words in (("del", "delText", "Ireland."), ("ins", "t", "Bermuda.")):
        change = f'<w:{kind} {W} w:author="They"><w:r><w:{tag}>{words}</w:{tag}></w:r></w:{kind}>'
        paragraph.append(parse_xml(change))
    document.add_paragraph().add_run("Void.").font.hidden = True
    document.add_comment(document.paragraphs[0].runs[0], "Ask them.", author="We")
    path = tmp_path / "redlined.docx"
    out = io.BytesIO()
    document.save(out)
    path.write_bytes(out.getvalue())
    return path


def law(view: dict[str, Any]) -> str:
    """Return the governing law that was found."""
    (clause,) = [
        each for each in view["findings"] if each["category"] == "Governing Law"
    ]
    return str(clause["text"])


def test_a_side_is_taken_and_shown(home: Path, command: Command, text: Path) -> None:
    """The side and its playbook stand in the JSON, in the terminal, in the report and in the
    record.
    """
    seen = command(home, "review", str(text), "--party", "Supplier", "--json").value
    shown = command(home, "run", "show", seen["run_id"]).out
    page = command(home, "run", "report", seen["run_id"]).out
    (record,) = command(home, "records", "list", "--json").value
    (audit,) = [each for each in seen["findings"] if each["category"] == "Audit Rights"]

    assert seen["side"]["ours"]["name"] == record["party"] == "Fabrikam Cloud Inc"
    assert audit["bound"] == "ours"
    assert "supplier side" in seen["risk"]["playbook"]
    assert record["playbook"] == seen["risk"]["playbook"]
    assert "For Fabrikam Cloud Inc" in shown
    assert "<b>Fabrikam Cloud Inc</b>" in page
    assert "binds us" in page


def test_no_side_is_said_to_be_none(home: Path, command: Command, text: Path) -> None:
    """Without a party the sides are unclear, and terminal and report say so."""
    seen = command(home, "review", str(text), "--json").value
    shown = command(home, "run", "show", seen["run_id"]).out
    page = command(home, "run", "report", seen["run_id"]).out

    assert (seen["side"]["asked"], seen["side"]["ours"]) == ("", None)
    assert "Sides unclear" in shown
    assert "sides are unclear" in page


def test_a_playbook_of_the_workspace_is_chosen(
    tmp_path: Path, command: Command, text: Path
) -> None:
    """The folder that `playbooks` names holds playbooks to choose; an unknown name makes no run,
    and a broken file is named before anything is reviewed.
    """
    folder = tmp_path / "books"
    folder.mkdir()
    (folder / "mine.yaml").write_text(
        "{name: mine, version: 7, medium: 10, high: 20, positions: "
        "[{category: Audit Rights, when: present, points: 900, why: w}]}",
        "utf-8",
    )
    options = {"INTERLOCK_PLAYBOOKS": str(folder)}
    home = tmp_path / "home"
    chosen = command(
        home, "review", str(text), "--playbook", "mine", "--json", **options
    )
    unknown = command(home, "review", str(text), "--playbook", "yours", **options)
    (folder / "bad.yaml").write_text("name: bad", "utf-8")
    broken = command(home, "review", str(text), **options)

    assert chosen.value["risk"]["playbook"] == "mine, v7"
    assert chosen.value["risk"]["tier"] == "high"
    assert (unknown.code, broken.code) == (2, 2)
    assert "customer, mine, supplier" in unknown.err
    assert "bad.yaml" in broken.err
    assert len(command(home, "run", "list", "--json").value) == 1


def test_a_redline_is_read_as_asked(
    home: Path, command: Command, redlined: Path
) -> None:
    """Tracked changes are read as accepted, or as rejected when asked; both list them, mark the
    clause, count the comment that was not read, and name the text that was hidden.
    """
    accepted = command(home, "review", str(redlined), "--json").value
    option = ("--redline", "rejected")
    rejected = command(home, "review", str(redlined), *option, "--json").value
    page = command(home, "run", "report", accepted["run_id"]).out
    shown = command(home, "run", "show", rejected["run_id"]).out

    assert law(accepted).endswith("Bermuda.")
    assert law(rejected).endswith("Ireland.")
    assert accepted["inventory"]["left_out"] == [
        {"part": "comment", "count": 1},
        {"part": "hidden text", "count": 1},
    ]
    assert "<td>its format</td><td>Void.</td>" in page
    assert accepted["document"]["pages"] == 0
    assert "<del>Ireland.</del>" in page
    assert "holds a tracked change" in page
    assert "1 comment" in page
    assert "p. 1" not in page
    assert "2 tracked changes, read as rejected" in shown


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("Hello there.", "document_too_short"),
        (
            "Die Haftung ist auf die gezahlte Vergütung begrenzt. " * 20,
            "document_not_english",
        ),
        (
            "Call me what you like, for the sea is all I have. " * 20,
            "document_no_contract",
        ),
    ],
)
def test_what_is_no_contract_has_no_tier(
    home: Path, tmp_path: Path, command: Command, words: str, code: str
) -> None:
    """A text that is no English contract ends with 2 and its code: no risk, no clause, no record,
    no report.
    """
    path = tmp_path / "novel.txt"
    path.write_text(words, "utf-8")
    ran = command(home, "review", str(path), "--json")

    assert (ran.code, ran.value["stopped"]["code"]) == (2, code)
    assert (ran.value["risk"], ran.value["findings"]) == (None, [])
    assert not ran.value["report"]
    assert command(home, "records", "list", "--json").value == []
