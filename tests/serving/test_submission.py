"""What is submitted as a job: manifests, row by row, with what is asked of each document."""

from pathlib import Path

import pytest

from interlock.errors import BadInput
from interlock.serving.submission import documents


def test_a_manifest_names_documents_and_what_is_asked_of_each(tmp_path: Path) -> None:
    """Paths are relative to the manifest, other columns are fields of the request, and an empty
    cell asks nothing.
    """
    file = tmp_path / "batch.csv"
    rows = 'path,party,redline\nin/a.pdf,"Ann, Ltd",\n/b.docx,,rejected\n'
    file.write_text(f"\ufeff{rows}", "utf-8")
    first, second = documents(str(file))

    assert (first.path, first.request) == (tmp_path / "in/a.pdf", {"party": "Ann, Ltd"})
    assert (second.path, second.request) == (Path("/b.docx"), {"redline": "rejected"})


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_row_ends_at_a_line_break_outside_quotes_alone(
    tmp_path: Path, end: str
) -> None:
    """What other programs take for the end of a line is part of a name, and a line break in quotes
    stays as it was written.
    """
    file = tmp_path / "batch.csv"
    rows = ["path,party", "a\u2028b.pdf,Ann\x0bLtd", f'"c{end}d.pdf",Bo\x85', ""]
    file.write_bytes(end.join(rows).encode())
    named = documents(str(file))

    assert [one.path.name for one in named] == ["a\u2028b.pdf", f"c{end}d.pdf"]
    assert [one.request["party"] for one in named] == ["Ann\x0bLtd", "Bo\x85"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"path\n",
        b"name\na.pdf\n",
        b"path,party\na.pdf\n",
        b"path\na.pdf,more\n",
        b"path,party\n,Ann\n",
        b'path\n"a.pdf\n',
        b"path\n\xff.pdf\n",
    ],
)
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file without the column, without rows, of uneven rows or of other bytes names itself."""
    file = tmp_path / "batch.csv"
    file.write_bytes(content)
    with pytest.raises(BadInput) as refused:
        documents(str(file))

    assert refused.value.what == str(file)
