"""Only the exact data file is read."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from interlock.evals.extraction.data import PATH_VARIABLE, DataError, default_path, read


def test_a_file_of_the_named_digest_is_read(tmp_path: Path) -> None:
    """Answers become spans of the text, each once and in order."""
    path, digest = _file(tmp_path)
    (contract,) = read(path, sha256=digest)
    spans = contract.answers["Fee"]
    assert [contract.text[span.start : span.end] for span in spans] == [
        "The fee",
        "five",
    ]
    assert contract.answers["Term"] == ()


def test_any_other_file_is_refused(tmp_path: Path) -> None:
    """Another digest is a `DataError` with both digests and the next step."""
    path, digest = _file(tmp_path)
    with pytest.raises(DataError) as caught:
        read(path)
    assert caught.value.actual == digest
    assert any(PATH_VARIABLE in note for note in caught.value.__notes__)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """Without the file, the error says where it was looked for."""
    with pytest.raises(DataError, match="nowhere") as caught:
        read(tmp_path / "nowhere")
    assert caught.value.actual is None


def test_the_environment_may_name_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable goes before the usual place."""
    monkeypatch.setenv(PATH_VARIABLE, "/elsewhere/cuad.gz")
    assert default_path() == Path("/elsewhere/cuad.gz")
    monkeypatch.delenv(PATH_VARIABLE)
    assert default_path().name == "cuad_train.json.gz"


def _file(folder: Path) -> tuple[Path, str]:
    answers = [
        {"text": "five", "answer_start": 11},
        {"text": "The fee", "answer_start": 0},
        {"text": "five", "answer_start": 11},
    ]
    questions = [
        {"category": "Fee", "answers": answers},
        {"category": "Term", "answers": []},
    ]
    data = {
        "data": [
            {
                "title": "Acme_1",
                "paragraphs": [{"context": "The fee is five.", "qas": questions}],
            }
        ]
    }
    packed = gzip.compress(json.dumps(data).encode())
    path = folder / "cuad.json.gz"
    path.write_bytes(packed)
    return path, hashlib.sha256(packed).hexdigest()
