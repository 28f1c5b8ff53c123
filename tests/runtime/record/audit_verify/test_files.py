"""Files that are no logs, or that somebody altered."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.runtime.record.audit_verify.logs import (
    DONE,
    INTENT,
    KEY,
    ORIGIN,
    RECORDS,
    log,
    told,
)

from interlock.runtime.record.audit_verify import read_export, verify, verify_export
from interlock.runtime.record.tlog import public_bytes

BROKEN: dict[str, Any] = {
    "a number": 7,
    "nothing": None,
    "a list": [],
    "text": "entry",
    "no kind": {},
    "odd kind": {"kind": "x"},
    "kind of a list": {"kind": []},
    "bare entry": {"kind": "entry"},
    "bare checkpoint": {"kind": "checkpoint"},
    "bare head": {"kind": "head"},
    "body of a number": {"kind": "entry", "seq": 3, "body": 1},
    "lone surrogate": {"kind": "entry", "seq": 3, "body": "\ud800"},
    "body of a list": {"kind": "entry", "seq": 3, "body": "[]"},
    "deep body": {"kind": "entry", "seq": 3, "body": "[" * 99_999},
    "not canonical": {"kind": "entry", "seq": 3, "body": '{"a": 1}'},
    "twice": {"kind": "entry", "seq": 3, "body": '{"a":1,"a":1}'},
    "leaf of a list": {"kind": "entry", "seq": 3, "body": "{}", "leaf": []},
    "empty note": {"kind": "checkpoint", "note": ""},
    "junk note": {"kind": "checkpoint", "note": "a\nb\nc\n\n\u2014 x y\n"},
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("at", [0, 3, len(RECORDS)])
def test_what_cannot_be_read_is_a_problem(name: str, at: int) -> None:
    """Anything unreadable, anywhere in a log, makes it invalid; nothing is passed over and nothing
    raises.
    """
    report = verify([*RECORDS[:at], BROKEN[name], *RECORDS[at:]], key=public_bytes(KEY))

    assert not report.valid


ALTERED: dict[str, tuple[Any, str]] = {
    "a checkpoint doubled": (
        lambda records: [*records[:2], records[1], *records[2:]],
        "checkpoint_moved",
    ),
    "a checkpoint dropped": (
        lambda records: [records[0], *records[2:]],
        "missing_checkpoint",
    ),
    "bytes after the signature": (
        lambda records: [
            records[0],
            records[1] | {"note": records[1]["note"] + "AAAA"},
            *records[2:],
        ],
        "bad_signature",
    ),
    "a line after the signature": (
        lambda records: [
            records[0],
            records[1] | {"note": records[1]["note"] + "\u2014 x AAAA\n"},
            *records[2:],
        ],
        "bad_signature",
    ),
    "two heads": (
        lambda records: [*records[:-1], {"kind": "head"} | records[-1], records[-1]],
        "unreadable",
    ),
    "a number that is not quite one": (
        lambda records: [records[0] | {"seq": 0.0}, *records[1:]],
        "missing_entry",
    ),
    "a truth for a number": (
        lambda records: [records[0] | {"seq": False}, *records[1:]],
        "missing_entry",
    ),
}


@pytest.mark.parametrize("how", ALTERED)
def test_an_altered_log_is_named(how: str) -> None:
    """Records that were doubled, dropped or lengthened are problems of their own code, even where
    each alone is sound.
    """
    alter, code = ALTERED[how]

    assert code in {
        each.code for each in verify(alter(RECORDS), key=public_bytes(KEY)).problems
    }


def test_a_log_of_another_name_is_refused() -> None:
    """Entries and checkpoints name their log; another one's, though signed by the same key, is not
    this one.
    """
    report = verify(RECORDS, key=public_bytes(KEY), origin="another")

    assert {each.code for each in report.problems} == {"foreign_entry"}


@pytest.mark.parametrize(
    "content", ["", "\0", "[" * 100_000, "{}", '{"kind": "entry"}', "[1]", "\ud800"]
)
def test_what_is_no_export_is_refused_as_a_whole(tmp_path: Path, content: str) -> None:
    """A file that is no export at all is unreadable, never valid and never a crash."""
    (tmp_path / "file").write_bytes(content.encode("utf-8", "surrogatepass"))

    with pytest.raises(ValueError):  # noqa: PT011 - several kinds, all of them ValueErrors
        read_export(tmp_path / "file")


def test_a_line_ends_at_a_line_feed_and_nowhere_else(tmp_path: Path) -> None:
    """What other programs take for the end of a line may stand inside a record."""
    header = {"kind": "log", "origin": ORIGIN, "public_key": "00"}
    (tmp_path / "file").write_text(
        json.dumps(header)
        + "\n"
        + json.dumps({"kind": "x\u2028\u0085y"}, ensure_ascii=False)
        + "\n",
        "utf-8",
    )

    assert read_export(tmp_path / "file") == [(header, [{"kind": "x\u2028\u0085y"}])]


def test_two_logs_of_one_name_are_not_valid(tmp_path: Path) -> None:
    """Of two logs with one name, a remembered checkpoint vouches for the first alone."""
    header = {
        "kind": "log",
        "origin": ORIGIN,
        "public_key": public_bytes(KEY).hex(),
    }
    file = tmp_path / "file"
    lines = [json.dumps(record) for record in [header, *RECORDS]]
    file.write_text("\n".join([*lines, *lines]) + "\n", "utf-8")
    reports = verify_export(file, key=public_bytes(KEY).hex())

    assert [[problem.code for problem in report.problems] for report in reports] == [
        [],
        ["doubled_log"],
    ]


def test_another_key_signs_another_log() -> None:
    """A whole log re-signed under another key does not verify under ours."""
    other = Ed25519PrivateKey.from_private_bytes(b"x" * 32)
    report = verify(log(INTENT, DONE, key=other), key=public_bytes(KEY))

    assert told(report) == [
        ("bad_signature", 0),
        ("bad_signature", 1),
        ("unsigned_tail", 2),
    ]
