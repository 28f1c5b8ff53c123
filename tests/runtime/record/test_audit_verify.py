"""The offline verifier: logs that are correctly signed and still say something impossible, and
files that are no logs.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from interlock.runtime.canonical import canonical
from interlock.runtime.record import audit_verify
from interlock.runtime.record.audit_verify import (
    Report,
    read_export,
    verify,
    verify_export,
)
from interlock.runtime.record.logs import export
from interlock.runtime.record.tlog import Frontier, Signer, leaf_hash, public_bytes
from interlock.runtime.testing import Effects, World

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
ORIGIN = "interlock/test"
INTENT = {
    "event": "intent",
    "run": "r",
    "action": "a",
    "tool": "mail.send",
    "effect": "permit",
    "idempotent": False,
}
DONE = {"event": "outcome", "run": "r", "action": "a", "state": "done"}
STEP = {"event": "step", "run": "r", "action": "b", "effect": "permit", "state": "done"}
VERDICT = {
    "event": "approval",
    "run": "r",
    "approval": "p",
    "state": "approved",
    "kind": "approved",
    "bind": "x",
    "reviewer": "1",
    "requester": "2",
}
APPROVED = INTENT | {"approval": "p", "bind": "x"}
KILL = {"event": "kill_switch", "run": "", "scope": "all", "id": "", "engaged": True}


def log(*bodies: dict[str, Any], key: Ed25519PrivateKey = KEY) -> list[dict[str, Any]]:
    """Return a whole log of *bodies*, numbered, chained and signed as ours are."""
    frontier, chain, records = Frontier(), dict[str, str](), list[dict[str, Any]]()
    for seq, given in enumerate(bodies):
        run = given["run"]
        whole: dict[str, Any] = {
            "v": 1,
            "origin": ORIGIN,
            "seq": seq,
            "signed": seq,
            "at": 1,
            "prev": chain.get(run, ""),
        } | given
        body = canonical(whole)
        leaf = leaf_hash(body)
        frontier, chain[run] = frontier.append(leaf), leaf.hex()
        note = Signer(key=key, origin=ORIGIN).sign(size=seq + 1, root=frontier.root())
        place = {"run": run, "event": given["event"]}
        records.append(
            {"kind": "entry", "seq": seq, "leaf": leaf.hex(), "body": body.decode()}
            | place
        )
        records.append({"kind": "checkpoint", "size": seq + 1, "note": note})
    head = {
        "size": frontier.size,
        "root": frontier.root().hex(),
        "frontier": frontier.to_bytes().hex(),
    }
    return [*records, {"kind": "head"} | head]


def verified(*bodies: dict[str, Any]) -> Report:
    return verify(log(*bodies), key=public_bytes(KEY))


def told(report: Report) -> list[tuple[str, int]]:
    return [(problem.code, problem.seq) for problem in report.problems]


#: Logs that say nothing wrong
UNKNOWN = DONE | {"state": "unknown"}
SETTLED = DONE | {"reviewer": "1", "requester": "2"}
LATE = DONE | {"event": "late_outcome"}
SOUND: dict[str, tuple[dict[str, Any], ...]] = {
    "nothing": (),
    "an effect": (INTENT, DONE),
    "a step": (STEP,),
    "an unknown effect": (INTENT, UNKNOWN),
    "an unknown effect that was settled": (INTENT, UNKNOWN, SETTLED),
    "an unknown effect that was reported late": (INTENT, UNKNOWN, LATE),
    "a report that contradicts a person": (
        INTENT,
        UNKNOWN,
        SETTLED | {"state": "failed"},
        LATE,
    ),
    "an approved effect": (VERDICT, APPROVED, DONE),
    "an effect begun again": (
        INTENT | {"idempotent": True},
        INTENT | {"idempotent": True},
        DONE,
    ),
    "an approved effect begun again": (
        VERDICT,
        APPROVED | {"idempotent": True},
        APPROVED | {"idempotent": True},
        DONE,
    ),
    "an effect after the switch": (KILL, KILL | {"engaged": False}, INTENT, DONE),
    "an effect beside the switch": (
        KILL | {"scope": "tool", "id": "other"},
        KILL | {"scope": "run", "id": "s"},
        INTENT,
        DONE,
    ),
    "a rejection": (VERDICT | {"state": "rejected"},),
    "two verdicts and their use": (
        VERDICT | {"state": "waiting"},
        VERDICT | {"reviewer": "3"},
        APPROVED,
        DONE,
    ),
}
#: Logs that are correctly signed and say something impossible -> what, and at which entry
FORGED: dict[str, tuple[tuple[dict[str, Any], ...], tuple[str, int]]] = {
    "effect without intent": ((DONE,), ("effect_without_intent", 0)),
    "effect of another action": (
        (INTENT, DONE | {"action": "b"}),
        ("effect_without_intent", 1),
    ),
    "intent without permit": (
        (INTENT | {"effect": "deny"},),
        ("effect_without_permit", 0),
    ),
    "step without permit": ((STEP | {"effect": "deny"},), ("effect_without_permit", 0)),
    "chain of another run": ((INTENT, DONE | {"prev": "0" * 64}), ("chain_broken", 1)),
    "chain begun anew": ((INTENT, DONE | {"prev": ""}), ("chain_broken", 1)),
    "another place": ((INTENT, DONE | {"seq": 7}), ("moved_entry", 1)),
    "effect twice": ((INTENT, DONE, DONE), ("effect_twice", 2)),
    "step twice": ((STEP, STEP), ("effect_twice", 1)),
    "intent twice": ((INTENT, INTENT), ("effect_twice", 1)),
    "intent after the effect": (
        (INTENT | {"idempotent": True}, DONE, INTENT | {"idempotent": True}),
        ("effect_twice", 2),
    ),
    "approval never given": ((APPROVED,), ("approval_not_bound", 0)),
    "approval rejected": (
        (VERDICT | {"state": "rejected"}, APPROVED),
        ("approval_not_bound", 1),
    ),
    "approval of another request": (
        (VERDICT | {"bind": "y"}, APPROVED),
        ("approval_not_bound", 1),
    ),
    "approval under another policy": (
        (VERDICT | {"revision": "y"}, APPROVED),
        ("approval_not_bound", 1),
    ),
    "approval used while it waits": (
        (VERDICT | {"state": "waiting"}, APPROVED),
        ("approval_not_bound", 1),
    ),
    "one person twice": ((VERDICT, VERDICT), ("counted_twice", 1)),
    "self approval of one among several": (
        (VERDICT | {"state": "waiting", "reviewer": "2"},),
        ("self_approval", 0),
    ),
    "approval given afterwards": ((APPROVED, VERDICT), ("approval_not_bound", 0)),
    "approval used twice": (
        (VERDICT, APPROVED, APPROVED | {"action": "b"}),
        ("approval_used_twice", 2),
    ),
    "settled by its requester": (
        (INTENT, UNKNOWN, SETTLED | {"reviewer": "2"}),
        ("self_settlement", 2),
    ),
    "settled after it failed": (
        (INTENT, DONE | {"state": "failed"}, SETTLED),
        ("effect_twice", 2),
    ),
    "settled without an intent": ((SETTLED,), ("effect_without_intent", 0)),
    "reported late without an intent": ((LATE,), ("effect_without_intent", 0)),
    "done again after it was settled": (
        (INTENT | {"idempotent": True}, UNKNOWN, SETTLED, INTENT),
        ("effect_twice", 3),
    ),
    "self approval": ((VERDICT | {"reviewer": "2"},), ("self_approval", 0)),
    "effect while all is killed": ((KILL, INTENT), ("effect_while_killed", 1)),
    "effect while all is killed by another id": (
        (KILL | {"id": "x"}, INTENT),
        ("effect_while_killed", 1),
    ),
    "effect while the tool is killed": (
        (KILL | {"scope": "tool", "id": "mail.send"}, INTENT),
        ("effect_while_killed", 1),
    ),
    "effect while the run is killed": (
        (KILL | {"scope": "run", "id": "r"}, INTENT),
        ("effect_while_killed", 1),
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_log_is_valid(name: str) -> None:
    """A log of ordinary events verifies: the rules below refuse nothing that may happen."""
    assert told(verified(*SOUND[name])) == []


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_log_is_refused(name: str) -> None:
    """Entries that our own key signed are still refused when together they say what must
    never be.
    """
    bodies, problem = FORGED[name]

    assert told(verified(*bodies)) == [problem]


RECORDS = log(INTENT, DONE, STEP)
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


@pytest.mark.parametrize("kind", ["head", "checkpoint", "entry"])
def test_no_kind_of_record_can_be_left_out(kind: str) -> None:
    """A log without its head, its checkpoints or its entries is not valid."""
    assert not verify(
        [each for each in RECORDS if each["kind"] != kind], key=public_bytes(KEY)
    ).valid


def test_another_key_signs_another_log() -> None:
    """A whole log re-signed under another key does not verify under ours."""
    other = Ed25519PrivateKey.from_private_bytes(b"x" * 32)
    report = verify(log(INTENT, DONE, key=other), key=public_bytes(KEY))

    assert told(report) == [
        ("bad_signature", 0),
        ("bad_signature", 1),
        ("unsigned_tail", 2),
    ]


#: Runs the verifier with nothing importable but the standard library and cryptography
ALONE = """
import importlib.abc, runpy, sys

class Alone(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        allowed = {*sys.stdlib_module_names, "cryptography", "_cffi_backend", "cffi"}
        if top not in allowed:
            raise ImportError(f"the verifier imports {name}")

sys.meta_path.insert(0, Alone())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def alone(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-c", ALONE, str(script), *arguments]
    return subprocess.run(  # noqa: S603 - our own interpreter and script
        command, capture_output=True, text=True, check=False, timeout=60
    )


async def test_an_export_is_verified_elsewhere_with_one_file(tmp_path: Path) -> None:
    """The verifier runs as one copied file, isolated, needing cryptography alone; it finds a
    changed byte.
    """
    effects = Effects()
    async with World(tmp_path / "home", tools=[effects.tool("note.write")]) as world:
        run = await world.start()
        for number in range(4):
            await world.pep.enforce(
                run,
                tool="note.write",
                arguments={"text": f"{number}"},
                call_id=f"{number}",
            )
        await world.store.durable(run.claim)
        records = await world.store.read(
            lambda connection: list(export(connection, "default"))
        )
        key = world.ledger.public_key.hex()
        remembered = world.ledger.witness.notes()["default.note"]
    script, file, memory = (
        tmp_path / "verifier.py",
        tmp_path / "export.jsonl",
        tmp_path / "remembered",
    )
    shutil.copy(audit_verify.__file__, script)
    memory.write_text(remembered)

    def write(lines: list[dict[str, Any]]) -> None:
        header = {"kind": "log", "origin": "interlock/test/default", "public_key": key}
        file.write_text("".join(json.dumps(each) + "\n" for each in (header, *lines)))

    write(records)
    good = alone(script, str(file), "--key", key, "--remembered", str(memory))
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.startswith("valid: log default, 9 entries")

    write(
        [
            each
            | {"body": str(each["body"]).replace('"state":"done"', '"state":"fail"')}
            if each.get("seq") == 4
            else each
            for each in records
        ]
    )
    bad = alone(script, str(file), "--key", key)
    assert bad.returncode == 1
    assert "INVALID default entry 4: changed_entry" in bad.stdout

    for junk in (b"", b"junk\n", b"[]\n", b"\xff\n"):
        file.write_bytes(junk)
        assert alone(script, str(file)).returncode == 2
    assert alone(script, str(tmp_path / "missing")).returncode == 2


def test_the_module_imports_nothing_of_ours() -> None:
    """The file itself names no module but the standard library's and cryptography's."""
    source = Path(audit_verify.__file__).read_text()

    assert "interlock." not in source.replace(
        "interlock.runtime.record.audit_verify", ""
    )
