"""What is handed in for review: files, folders and standard input."""

import io
from pathlib import Path

import pytest

from interlock.runtime.errors import BadInput
from interlock.serving.intake import LARGEST, contracts, kept


def test_a_folder_is_searched_below_and_in_order(tmp_path: Path) -> None:
    """Every contract below the folder is taken once, in order; hidden files and others are not."""
    for name in ("b.pdf", "a/z.TXT", "a/y.docx", "notes.md", ".hidden/c.pdf", ".d.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    names = [str(path.relative_to(tmp_path)) for path in contracts(str(tmp_path))]
    assert names == ["a/y.docx", "a/z.TXT", "b.pdf"]


@pytest.mark.parametrize(
    "name", ["none.pdf", "folder", "https://example.com/a.pdf", "/dev/zero"]
)
def test_what_is_no_contract_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A missing file, a folder without contracts, an address and a device are named and refused."""
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput) as refused:
        list(contracts(name))

    assert refused.value.what == name


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"%PDF-1.7", ".pdf"), (b"PK\x03\x04", ".docx"), (b"text", ".txt")],
)
def test_standard_input_is_kept_for_its_owner(
    tmp_path: Path, content: bytes, kind: str
) -> None:
    """The same input is the same file, of the kind that it is, and nobody else may read it."""
    file = kept(tmp_path, io.BytesIO(content))

    assert (file.suffix, file.read_bytes()) == (kind, content)
    assert kept(tmp_path, io.BytesIO(content)) == file
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"", b"x" * (LARGEST + 1)])
def test_no_input_and_too_much_are_refused(tmp_path: Path, content: bytes) -> None:
    """Nothing is kept of an input that is empty or larger than a document may be."""
    with pytest.raises(BadInput):
        kept(tmp_path, io.BytesIO(content))

    assert list(tmp_path.iterdir()) == []
