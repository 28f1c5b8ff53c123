"""Verify an exported Interlock ledger, offline: `python audit_verify.py EXPORT [--key HEX] [--remembered FILE]`.

This file needs only the standard library and `cryptography`; copy it to a machine that shares
nothing with ours. It checks, for every entry, canonical form, dense numbering, leaf hash and
per-run chain; for every checkpoint, root and signature; the stored head; against the remembered
checkpoint, that the log only grew; and then what the entries say: no effect without a permit, no
approval for another request or used twice, no effect twice, none while a kill switch is engaged.
Every problem names the entry. Fails closed: anything it cannot read is a problem.
"""

import argparse
import base64
import binascii
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and the entry (from 0) it was seen at."""

    code: str
    seq: int
    detail: str


@dataclass(slots=True)
class Report:
    """What was verified, and everything found wrong; valid when nothing was."""

    size: int = 0
    root: str = ""
    checkpoints: int = 0
    key: str = ""
    problems: list[Problem] = field(default_factory=list)

    @property
    def valid(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.problems


class _Tree:
    """RFC 6962 roots, kept as the stack of perfect subtrees."""

    def __init__(self) -> None:
        self.size, self._stack = 0, list[bytes]()

    def append(self, leaf: bytes) -> None:
        size, node = self.size, leaf
        while size & 1:
            node = sha256(b"\x01" + self._stack.pop() + node).digest()
            size >>= 1
        self._stack.append(node)
        self.size += 1

    def frontier(self) -> str:
        return b"".join(self._stack).hex()

    def root(self) -> bytes:
        if not self._stack:
            return sha256(b"").digest()
        node = self._stack[-1]
        for left in reversed(self._stack[:-1]):
            node = sha256(b"\x01" + left + node).digest()
        return node


class _Invariants:
    """What the entries must say together; one instance per log."""

    def __init__(self) -> None:
        self._intents: dict[str, dict[str, Any]] = {}
        self._finished: set[str] = set()
        self._approved: dict[str, dict[str, Any]] = {}
        self._used: set[str] = set()
        self._killed: set[str] = set()
        self._pinned: dict[str, object] = {}

    def check(self, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
        event, action = body.get("event"), body.get("action")
        if event == "run_started":
            self._pinned[str(body.get("run"))] = body.get("revision")
        elif event == "intent":
            yield from self._intent(body, str(action))
        elif event in {"outcome", "step"}:
            yield from self._outcome(body, str(action))
        elif event == "approval":
            if body.get("state") == "approved" and body.get("reviewer") == body.get("requester"):
                yield "self_approval", f"approval {body.get('approval')}"
            self._approved[str(body.get("approval"))] = body
        elif event == "kill_switch":
            (self._killed.add if body.get("engaged") else self._killed.discard)(
                f"{body.get('scope')}:{body.get('id')}"
            )

    def _outcome(self, body: dict[str, Any], action: str) -> Iterator[tuple[str, str]]:
        if body.get("event") == "outcome" and action not in self._intents:
            yield "effect_without_intent", f"action {action}"
        if body.get("event") == "step" and body.get("effect") != "permit":
            yield "effect_without_permit", f"action {action}"
        if action in self._finished:
            yield "effect_twice", f"action {action}"
        if body.get("state") in {"done", "failed"}:
            self._finished.add(action)
        if body.get("reviewer") is not None and body.get("reviewer") == body.get("requester"):
            yield "self_settlement", f"action {action}"

    def _intent(self, body: dict[str, Any], action: str) -> Iterator[tuple[str, str]]:
        if body.get("effect") != "permit":
            yield "effect_without_permit", f"action {action}"
        if (run := str(body.get("run"))) in self._pinned and body.get("revision") != self._pinned[
            run
        ]:
            yield "effect_under_another_policy", f"action {action}"
        if action in self._finished or (action in self._intents and not body.get("idempotent")):
            yield "effect_twice", f"action {action}"
        covering = (f"tool:{body.get('tool')}", f"run:{body.get('run')}")
        if any(switch.startswith("all:") or switch in covering for switch in self._killed):
            yield "effect_while_killed", f"action {action}"
        if (used := body.get("approval")) is not None:
            granted = self._approved.get(used, {})
            if granted.get("state") != "approved" or granted.get("bind") != body.get("bind"):
                yield "approval_not_bound", f"approval {used}"
            if used in self._used and action not in self._intents:
                yield "approval_used_twice", f"approval {used}"
            self._used.add(used)
        self._intents[action] = body


class Verifier:
    """Reads one exported log record by record; `finish` returns the report. One instance per log, used once."""

    def __init__(
        self, *, key: bytes, origin: str | None = None, remembered: str | None = None
    ) -> None:
        self.report = Report(key=key.hex())
        self._key, self._origin = key, origin
        self._tree, self._chain, self._invariants = _Tree(), dict[str, str](), _Invariants()
        self._signed, self._noted, self._head = 0, 0, ""
        note = (
            None if remembered is None else remembered.rstrip("\n") + "\n"
        )  # the file is padded with line feeds
        self._old = None if note is None else _parse(note)
        self._seen_remembered = note is None
        if note is not None and (self._old is None or not _signed(note, self._old[0], key)):
            self._wrong(
                "remembered_unreadable",
                "the remembered checkpoint is not one that this log's key signed",
            )

    def read(self, record: Any) -> None:
        """Check one record: an entry, a checkpoint, or the stored head."""
        try:
            match record["kind"]:
                case "entry":
                    self._entry(record)
                case "checkpoint":
                    self._checkpoint(record)
                case "head" if self._head:
                    self._wrong("unreadable", "a second stored head")
                case "head":
                    self._head = f"{record['size']}/{record['root']}/{record['frontier']}"
                case kind:
                    self._wrong("unreadable", f"a record of kind {kind!r}")
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            self._wrong("unreadable", f"a record that is not one: {type(error).__name__}")

    def finish(self) -> Report:
        """Check what only the whole log shows, and return the report."""
        size, root = self._tree.size, self._tree.root().hex()
        if self._head != f"{size}/{root}/{self._tree.frontier()}":
            self._wrong(
                "head_mismatch",
                f"the entries give {size}/{root[:16]}, the stored head is {self._head[:24]!r}",
            )
        if self._signed != size:
            self._wrong(
                "unsigned_tail", f"entries from {self._signed} on are under no signed checkpoint"
            )
        if self._old and not self._seen_remembered:
            self._wrong(
                "rolled_back",
                f"a checkpoint of {self._old[1]} entries is remembered, the log has {size}",
            )
        self.report.size, self.report.root = size, root
        return self.report

    def _wrong(self, code: str, detail: str, seq: int | None = None) -> None:
        self.report.problems.append(Problem(code, self._tree.size if seq is None else seq, detail))

    def _entry(self, record: dict[str, Any]) -> None:
        expected, raw = self._tree.size, str(record.get("body")).encode()
        if type(record.get("seq")) is not int or record.get("seq") != expected:
            self._wrong(
                "missing_entry", f"expected entry {expected}, found {record.get('seq')}", expected
            )
        body = self._canonical(raw)
        leaf = sha256(b"\x00" + raw).digest()
        if record.get("leaf") not in {None, leaf.hex()}:
            self._wrong("changed_entry", "the body does not hash to the stored leaf")
        if body is not None:
            run = str(body.get("run"))
            self._same_log(body.get("origin"), expected)
            if (record.get("run"), record.get("event")) != (body.get("run"), body.get("event")):
                self._wrong(
                    "moved_entry", "it is stored under another run or event than its body says"
                )
            if body.get("seq") != record.get("seq"):
                self._wrong("moved_entry", f"the body says it is entry {body.get('seq')}")
            if body.get("signed") != self._noted:
                at = (
                    max(self._noted, body["signed"] if isinstance(body.get("signed"), int) else 0)
                    - 1
                )
                self._wrong(
                    "missing_checkpoint",
                    f"entry {expected} follows a checkpoint that is not there",
                    at,
                )
            if body.get("prev") != self._chain.get(run, ""):
                self._wrong("chain_broken", f"the previous entry of run {run!r} is another one")
            self._chain[run] = leaf.hex()
            for code, detail in self._invariants.check(body):
                self._wrong(code, detail)
        self._tree.append(leaf)

    def _same_log(self, origin: object, seq: int) -> None:
        self._origin = str(origin) if self._origin is None else self._origin
        if origin != self._origin:
            self._wrong(
                "foreign_entry", f"it is of the log {origin!r}, not of {self._origin!r}", seq
            )

    def _canonical(self, raw: bytes) -> dict[str, Any] | None:
        try:
            body = json.loads(raw, object_pairs_hook=_no_duplicates)
            text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            if isinstance(body, dict) and text.encode() == raw:
                return body
        except ValueError:
            pass  # reported below, like every other form that is not canonical
        self._wrong("changed_entry", "the body is not canonical JSON")
        return None

    def _checkpoint(self, record: dict[str, Any]) -> None:
        note, size, root = str(record.get("note")), self._tree.size, self._tree.root()
        parsed = _parse(note)
        last, again, self._noted = max(size - 1, 0), size == self._noted, size
        if parsed is None or not _signed(note, parsed[0], self._key):
            self._wrong(
                "bad_signature",
                f"the checkpoint after entry {last} is not signed by {self.report.key[:16]}",
                last,
            )
            return
        self._same_log(parsed[0], last)
        if again:
            self._wrong("checkpoint_moved", f"a second checkpoint of {size} entries", last)
        elif parsed[1] != size or parsed[1] != record.get("size"):
            self._wrong(
                "checkpoint_moved", f"a checkpoint of {parsed[1]} entries stands after {size}", last
            )
        elif parsed[2] != root:
            self._wrong(
                "root_mismatch",
                f"an entry from {self._signed} to {last} is not what was signed",
                last,
            )
        if self._old and parsed[1] == self._old[1]:
            self._seen_remembered = True
            if parsed[2] != self._old[2]:
                self._wrong("forked", f"another log of {size} entries was signed before", last)
        self._signed, self.report.checkpoints = parsed[1], self.report.checkpoints + 1


def verify(
    records: Iterable[dict[str, Any]],
    *,
    key: bytes,
    origin: str | None = None,
    remembered: str | None = None,
) -> Report:
    """Verify a whole log and return the report; *key* is the Ed25519 public key, 32 bytes, *origin* the log's name."""
    verifier = Verifier(key=key, origin=origin, remembered=remembered)
    for record in records:
        verifier.read(record)
    return verifier.finish()


def read_export(path: Path) -> tuple[dict[str, Any], list[Any]]:
    """Return the header and the records of an export; raises ValueError or OSError for anything that is not one."""
    try:
        lines = [
            json.loads(line) for line in path.read_text("utf-8").removesuffix("\n").split("\n")
        ]
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(lines[0], dict) or lines[0].get("kind") != "log":
        raise ValueError("the first line is no header of a log")
    return lines[0], lines[1:]


def _parse(note: str) -> tuple[str, int, bytes] | None:
    """Return origin, size and root of a C2SP checkpoint, or None when it is not one."""
    try:
        origin, size, root = note.partition("\n\n")[0].split("\n")
        return origin, int(size), base64.b64decode(root, validate=True)
    except (ValueError, binascii.Error):
        return None


def _signed(note: str, origin: str, key: bytes) -> bool:
    """Whether *note* is a checkpoint and one signature by *key*, and not a byte more."""
    body, _, line = note.partition("\n\n")
    expected = sha256(origin.encode() + b"\n\x01" + key).digest()[:4]
    try:
        raw = base64.b64decode(line.rstrip("\n").rsplit(" ", 1)[-1], validate=True)
        if raw[:4] != expected or line != f"\u2014 {origin} {base64.b64encode(raw).decode()}\n":
            return False
        Ed25519PublicKey.from_public_bytes(key).verify(raw[4:], f"{body}\n".encode())
    except (ValueError, InvalidSignature):
        return False
    return True


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("duplicate key")
    return dict(pairs)


def main(arguments: list[str] | None = None) -> int:
    """Verify the export named on the command line; returns 0 when valid, 1 when not, 2 when unreadable."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("export", type=Path)
    parser.add_argument(
        "--key", help="the log's public key in hexadecimal; default: the one the export names"
    )
    parser.add_argument("--remembered", type=Path, help="a checkpoint kept from an earlier look")
    options = parser.parse_args(arguments)
    try:
        header, records = read_export(options.export)
        key, origin = bytes.fromhex(options.key or header["public_key"]), str(header["origin"])
        remembered = options.remembered.read_text("utf-8") if options.remembered else None
    except (OSError, ValueError, LookupError, TypeError) as error:
        print(f"unreadable: {error}", file=sys.stderr)
        return 2
    report = verify(records, key=key, origin=origin, remembered=remembered)
    for problem in report.problems:
        print(f"INVALID entry {problem.seq}: {problem.code}: {problem.detail}")
    trust = (
        "given" if options.key else "taken from the export itself: compare it with one you trust"
    )
    print(f"{'valid' if report.valid else 'INVALID'}: {report.size} entries, root {report.root}")
    print(f"{report.checkpoints} signed checkpoints, key {report.key} ({trust})")
    return 0 if report.valid else 1


if __name__ == "__main__":
    sys.exit(main())
