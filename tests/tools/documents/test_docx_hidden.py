"""DOCX: what no reader sees is left out of the text and named, and what is seen is read; a row, a
cell or the end of a paragraph is changed as words are.
"""

import io
import zipfile
from typing import Final

import docx
import pytest

from interlock.tools.documents import Limits
from interlock.tools.documents.document import Parsed
from interlock.tools.documents.docx import parse
from interlock.tools.documents.inventory import Count, Hiding, Redline

W: Final = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
WHITE: Final = '<w:color w:val="FFFFFF"/>'
DARK: Final = '<w:shd w:val="clear" w:fill="1F3864"/>'
STYLES: Final = (
    '<w:style w:type="paragraph" w:styleId="Base"><w:rPr><w:vanish/></w:rPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Ghost"><w:basedOn w:val="Base"/></w:style>'
    '<w:style w:type="character" w:styleId="Tiny"><w:rPr><w:sz w:val="1"/></w:rPr></w:style>'
    '<w:style w:type="table" w:styleId="Grid"><w:tblStylePr w:type="firstRow"><w:tcPr>'
    f"{DARK}</w:tcPr></w:tblStylePr></w:style>"
)


def read(body: str, redline: Redline = "accepted", styles: str = STYLES) -> Parsed:
    """Return what is read of a DOCX of that body and of those styles."""
    plain = io.BytesIO()
    docx.Document().save(plain)
    out = io.BytesIO()
    changed = {
        "word/document.xml": f"<w:document {W}><w:body>{body}</w:body></w:document>",
        "word/styles.xml": f"<w:styles {W}>{styles}</w:styles>",
    }
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, changed.get(name) or old.read(name))
    return parse(out.getvalue(), Limits(), redline)


def run(text: str, looks: str = "") -> str:
    """Return a run of that text and those properties."""
    return f"<w:r><w:rPr>{looks}</w:rPr><w:t>{text}</w:t></w:r>"


def paragraph(content: str, properties: str = "") -> str:
    """Return a paragraph of that content."""
    return f"<w:p><w:pPr>{properties}</w:pPr>{content}</w:p>"


def row(content: str, properties: str = "", table: str = "", cell: str = "") -> str:
    """Return a table of one row and one cell."""
    return (
        f"<w:tbl><w:tblPr>{table}</w:tblPr><w:tr><w:trPr>{properties}</w:trPr>"
        f"<w:tc><w:tcPr>{cell}</w:tcPr>{content}</w:tc></w:tr></w:tbl>"
    )


def mark(change: str) -> str:
    """Return the properties of a paragraph whose end is changed."""
    return f'<w:rPr><w:{change} w:author="A"/></w:rPr>'


@pytest.mark.parametrize(
    ("hidden", "why"),
    [
        (paragraph(run("No cap.", "<w:vanish/>")), "hidden"),
        (paragraph(run("No cap."), '<w:pStyle w:val="Ghost"/>'), "hidden"),
        (paragraph(run("No ", WHITE) + run("cap.", WHITE)), "colour"),
        (paragraph(run("No cap.", '<w:color w:val="FEFEFA"/>')), "colour"),
        (
            paragraph(
                run("No cap.", '<w:color w:val="000000" w:themeColor="background1"/>')
            ),
            "colour",
        ),
        (paragraph(run("No cap.", f'<w:color w:val="1F3864"/>{DARK}')), "colour"),
        (
            paragraph(
                run("No cap.", '<w:color w:val="FFFF00"/><w:highlight w:val="yellow"/>')
            ),
            "colour",
        ),
        (row(paragraph(run("No cap.", WHITE))), "colour"),
        (paragraph(run("No cap.", '<w:sz w:val="2"/>')), "size"),
        (paragraph(run("No cap.", '<w:sz w:val="0.5pt"/>')), "size"),
        (paragraph(run("No cap.", '<w:rStyle w:val="Tiny"/>')), "size"),
    ],
)
def test_a_text_that_no_reader_sees_is_left_out_and_named(
    hidden: str, why: Hiding
) -> None:
    """Hidden, tiny, or of the colour of its ground, by itself or by a style: the text is no text of
    the contract, and is told with its first characters and its place.
    """
    parsed = read(paragraph(run("Body.")) + hidden)
    told = [(one.why, one.excerpt, one.start) for one in parsed.inventory.hidden]

    assert parsed.text == "Body.\n"
    assert told == [(why, "No cap.", len(parsed.text))]
    assert parsed.inventory.left_out == (Count(part="hidden text", count=1),)


@pytest.mark.parametrize(
    "seen",
    [
        paragraph(run("Cap.", '<w:vanish w:val="0"/>'), '<w:pStyle w:val="Ghost"/>'),
        paragraph(run("Cap.", '<w:sz w:val="8"/><w:color w:val="auto"/>')),
        paragraph(run("Cap.", '<w:color w:val="BFBFBF"/>')),
        paragraph(run("Cap.", WHITE + DARK)),
        paragraph(run("Cap.", WHITE), DARK),
        row(paragraph(run("Cap.", WHITE)), cell=DARK),
        row(paragraph(run("Cap.", WHITE)), table='<w:tblStyle w:val="Grid"/>'),
        paragraph(run("Cap.", WHITE + '<w:highlight w:val="darkBlue"/>')),
        paragraph(
            f"<w:r><w:pict><w:txbxContent>{paragraph(run('Cap.', WHITE))}"
            "</w:txbxContent></w:pict></w:r>"
        ),
    ],
)
def test_a_text_that_a_reader_sees_is_read(seen: str) -> None:
    """White on a dark or an unknown ground, small print and light grey are text of the contract."""
    parsed = read(seen)

    assert parsed.text.strip() == "Cap."
    assert parsed.inventory.hidden == ()


def test_a_hidden_run_hides_what_stands_in_it() -> None:
    """A text box in a hidden run is hidden with the run, and nothing of the box is read."""
    box = f"<w:pict><w:txbxContent>{paragraph(run('Void.'))}</w:txbxContent></w:pict>"
    parsed = read(
        paragraph(run("Body.") + f"<w:r><w:rPr><w:vanish/></w:rPr>{box}</w:r>")
    )

    assert parsed.text == "Body."
    assert [hidden.excerpt for hidden in parsed.inventory.hidden] == ["Void."]


A: Final = paragraph(run("A."))


@pytest.mark.parametrize(
    ("body", "accepted", "rejected", "changes"),
    [
        (
            A + row(paragraph(run("B.")), '<w:del w:author="A"/>'),
            "A.",
            "A.\nB.",
            [("deleted", "B.")],
        ),
        (
            A + row(paragraph(run("B.")), '<w:ins w:author="A"/>'),
            "A.\nB.",
            "A.",
            [("inserted", "B.")],
        ),
        (
            A + row(paragraph(run("B.")), '<w:ins w:author="A"/><w:del w:author="B"/>'),
            "A.",
            "A.",
            [("inserted", "B."), ("deleted", "B.")],
        ),
        (
            A + row(paragraph(run("B.")), cell='<w:cellDel w:author="A"/>'),
            "A.",
            "A.\nB.",
            [("deleted", "B.")],
        ),
        (
            paragraph(run("A"), mark("del")) + paragraph(run("B.")),
            "AB.",
            "A\nB.",
            [("deleted", "\u00b6")],
        ),
        (
            paragraph(run("A"), mark("ins")) + paragraph(run("B.")),
            "A\nB.",
            "AB.",
            [("inserted", "\u00b6")],
        ),
        (
            paragraph(run("A"), mark("moveFrom")) + paragraph(run("B.")),
            "AB.",
            "A\nB.",
            [("deleted", "\u00b6")],
        ),
        (
            paragraph(f'<w:ins w:author="A">{run("A.")}</w:ins>', mark("ins"))
            + paragraph(run("B.")),
            "A.\nB.",
            "B.",
            [("inserted", "A.")],
        ),
        (
            paragraph(run("A."), mark("del")) + row(paragraph(run("B."))),
            "A.\nB.",
            "A.\nB.",
            [("deleted", "\u00b6")],
        ),
    ],
)
def test_a_row_a_cell_and_the_end_of_a_paragraph_may_be_changed(
    body: str, accepted: str, rejected: str, changes: list[tuple[str, str]]
) -> None:
    """Each is read as accepted or rejected and listed; two paragraphs whose border is gone are one,
    unless a table stands between them, and an inserted paragraph is one change.
    """
    for redline, text in (("accepted", accepted), ("rejected", rejected)):
        parsed = read(body, "accepted" if redline == "accepted" else "rejected")
        inventory = parsed.inventory
        listed = [(change.kind, change.excerpt) for change in inventory.changes]

        assert (parsed.text, listed) == (text, changes)
        assert inventory.changed == len(changes)
        assert len(inventory.paragraphs) == text.count("\n") + 1
