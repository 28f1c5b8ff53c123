"""Verify an exported Interlock ledger offline, with nothing but this file.

    python audit_verify.py EXPORT [--key HEX] [--remembered FILE]...

This file needs only the standard library and `cryptography`; copy it to a machine that shares
nothing with ours. An export holds one log or several. Of every log it checks

- for every entry: canonical form, dense numbering, leaf hash and the chain of its run;
- for every checkpoint: root and signature; and the stored head;
- against a remembered checkpoint: that the log only grew;
- what the entries say together: no effect without a permit, no approval for another request or
  used twice, no effect twice, no effect while a kill switch is engaged.

Every problem names log and entry. Fails closed: anything that cannot be read is a problem, and so
is a key that nobody named but the export. A place where a person let the log go on from an older
state is a gap: no problem, and never passed over in silence.

Exit codes: 0 valid, 1 not valid, 2 unreadable, 3 valid but for gaps that are named.
"""

import argparse
import base64
import binascii
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

UNKNOWN_KEY: Final = "unknown_key"
_UNKNOWN: Final = "the key is taken from the export itself, so anybody may have signed"
#: A whole note of a witness's file, in which the newest stands last
_NOTE: Final = re.compile(
    r"^[^\n\0]+\n[0-9]+\n[A-Za-z0-9+/=]+\n\n\u2014 [^\n\0]+\n", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong or missing, and the entry (from 0) and log it was seen at."""

    code: str
    seq: int
    detail: str
    log: str = ""


@dataclass(slots=True)
class Report:
    """What was verified of one log, and everything found wrong; valid when nothing was."""

    size: int = 0
    root: str = ""
    checkpoints: int = 0
    key: str = ""
    log: str = ""
    problems: list[Problem] = field(default_factory=list)
    #: Where a person let the log go on from an older state than was known of it
    gaps: list[Problem] = field(default_factory=list)

    @property
    def valid(self) -> bool:
        """Whether nothing was found wrong; gaps may still be named."""
        return not self.problems

    @property
    def verdict(self) -> str:
        """What may be said of the log in words."""
        if self.valid:
            return "valid, with a gap" if self.gaps else "valid"
        codes = {problem.code for problem in self.problems}
        if codes == {UNKNOWN_KEY}:
            return "CONSISTENT, signed by nobody known"
        return "INVALID"


class _Tree:
    """RFC 6962 roots, kept as the stack of perfect subtrees."""

    def __init__(self) -> None:
        self.size = 0
        self._stack: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        size = self.size
        node = leaf
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
        self._intents: set[str] = set()
        self._finished: set[str] = set()
        self._approved: dict[str, dict[str, Any]] = {}
        self._used: set[str] = set()
        self._killed: set[tuple[str, str]] = set()
        self._is_recovered = False
        self._pinned: dict[str, object] = {}

    def check(self, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
        action = str(body.get("action"))
        match body.get("event"):
            case "run_started" | "run_repinned":
                self._pinned[str(body.get("run"))] = body.get("revision")
            case "intent":
                yield from self._intent(body, action)
            case "outcome" | "step" | "late_outcome":
                yield from self._outcome(body, action)
            case "approval":
                yield from self._verdict(body)
            case "recovered":
                self._is_recovered = True
            case "kill_switch":
                switch = (str(body.get("scope")), str(body.get("id")))
                self._killed.discard(switch)
                if body.get("engaged"):
                    self._killed.add(switch)

    def _verdict(self, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
        approval = str(body.get("approval"))
        reviewer = body.get("reviewer")
        if body.get("kind") == "approved" and reviewer == body.get("requester"):
            yield "self_approval", f"approval {approval}"
        verdict = f"{approval} {reviewer}"
        if verdict in self._used:
            yield "counted_twice", verdict
        self._used.add(verdict)
        self._approved[approval] = body

    def _outcome(self, body: dict[str, Any], action: str) -> Iterator[tuple[str, str]]:
        event = body.get("event")
        # After a recovery an effect may be unknown whose intent was lost.
        is_lost = self._is_recovered and body.get("state") == "unknown"
        if is_lost:
            self._intents.add(action)  # so a later intent would be a second one
        if event != "step" and action not in self._intents:
            yield "effect_without_intent", f"action {action}"
        if event == "late_outcome":
            return
        if event == "step" and body.get("effect") != "permit":
            yield "effect_without_permit", f"action {action}"
        if action in self._finished:
            yield "effect_twice", f"action {action}"
        if body.get("state") in {"done", "failed"}:
            self._finished.add(action)
        if "reviewer" in body and body.get("reviewer") == body.get("requester"):
            yield "self_settlement", f"action {action}"

    def _intent(self, body: dict[str, Any], action: str) -> Iterator[tuple[str, str]]:
        run = str(body.get("run"))
        if body.get("effect") != "permit":
            yield "effect_without_permit", f"action {action}"
        if run in self._pinned and body.get("revision") != self._pinned[run]:
            yield "effect_under_another_policy", f"action {action}"
        again = action in self._intents
        if action in self._finished or (again and not body.get("idempotent")):
            yield "effect_twice", f"action {action}"
        if self._is_killed(body, run):
            yield "effect_while_killed", f"action {action}"
        if body.get("approval") is not None:
            yield from self._use(body, str(body.get("approval")), again=again)
        self._intents.add(action)

    def _is_killed(self, body: dict[str, Any], run: str) -> bool:
        covering = {
            ("tenant", _log_of(body.get("origin"))),
            ("tool", str(body.get("tool"))),
            ("run", run),
        }
        return any(
            scope == "all" or (scope, name) in covering for scope, name in self._killed
        )

    def _use(
        self, body: dict[str, Any], approval: str, *, again: bool
    ) -> Iterator[tuple[str, str]]:
        verdict = self._approved.get(approval, {})
        wanted = body | {"state": "approved"}
        bound = ["state", "bind"] if again else ["state", "bind", "revision"]
        if any(verdict.get(name) != wanted.get(name) for name in bound):
            yield "approval_not_bound", f"approval {approval}"
        if approval in self._used and not again:
            yield "approval_used_twice", f"approval {approval}"
        self._used.add(approval)


class Verifier:
    """Reads one exported log record by record; `finish` returns the report.

    One instance per log, used once. *origin* is the log's name; where it is None, the first entry
    says it.
    """

    def __init__(
        self, *, key: bytes, origin: str | None = None, remembered: str | None = None
    ) -> None:
        self.report = Report(key=key.hex())
        self._key = key
        self._origin = origin
        self._tree = _Tree()
        self._chain: dict[str, str] = {}
        self._invariants = _Invariants()
        #: Sizes: under a good signature, and at the last checkpoint of whatever kind
        self._signed = 0
        self._noted = 0
        self._head = ""
        self._remembered: tuple[str, int, bytes] | None = None
        self._met_remembered = False
        #: Another log of the remembered size that was signed, if there is one
        self._fork: tuple[str, int] | None = None
        #: Known size and root, and the size that was here, of each recovery
        self._recoveries: list[tuple[int, str, int]] = []
        if remembered is not None:
            self._remember(remembered)

    def _remember(self, note: str) -> None:
        """Remember the newest whole note of a witness's file."""
        whole = newest(note)
        self._remembered = _parse(whole)
        if self._remembered is None or not _signed(
            whole, self._remembered[0], self._key
        ):
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
                    self._head = (
                        f"{record['size']}/{record['root']}/{record['frontier']}"
                    )
                case kind:
                    self._wrong("unreadable", f"a record of kind {kind!r}")
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            self._wrong(
                "unreadable", f"a record that is not one: {type(error).__name__}"
            )

    def finish(self) -> Report:
        """Check what only the whole log shows, and return the report."""
        size = self._tree.size
        root = self._tree.root().hex()
        if self._head != f"{size}/{root}/{self._tree.frontier()}":
            stored = self._head[:24]
            self._wrong(
                "head_mismatch",
                f"the entries give {size}/{root[:16]}, the stored head is {stored!r}",
            )
        if self._signed != size:
            detail = f"entries from {self._signed} on are under no signed checkpoint"
            self._wrong("unsigned_tail", detail)
        self._compare(size)
        self.report.size = size
        self.report.root = root
        self.report.log = _log_of(self._origin)
        return self.report

    def _compare(self, size: int) -> None:
        """Compare the log with what is remembered of it."""
        if self._remembered is None:
            return
        _, remembered, root = self._remembered
        is_in_a_named_gap = any(
            root.hex() == known_root
            if remembered == known
            else here < remembered < known
            for known, known_root, here in self._recoveries
        )
        if is_in_a_named_gap:
            return
        if self._fork is not None:
            self._wrong("forked", *self._fork)
        elif not self._met_remembered:
            detail = f"a checkpoint of {remembered} entries is remembered, the log has {size}"
            self._wrong("rolled_back", detail)

    def _wrong(self, code: str, detail: str, seq: int | None = None) -> None:
        at = self._tree.size if seq is None else seq
        self.report.problems.append(Problem(code, at, detail, _log_of(self._origin)))

    def _entry(self, record: dict[str, Any]) -> None:
        expected = self._tree.size
        raw = str(record.get("body")).encode()
        seq = record.get("seq")
        if type(seq) is not int or seq != expected:
            self._wrong("missing_entry", f"expected entry {expected}, found {seq}")
        body = self._canonical(raw)
        leaf = sha256(b"\x00" + raw).digest()
        if record.get("leaf") not in {None, leaf.hex()}:
            self._wrong("changed_entry", "the body does not hash to the stored leaf")
        if body is not None:
            self._place(record, body)
            run = str(body.get("run"))
            if body.get("prev") != self._chain.get(run, ""):
                self._wrong(
                    "chain_broken", f"the previous entry of run {run!r} is another one"
                )
            self._chain[run] = leaf.hex()
            if body.get("event") == "recovered":
                self._recover(body)
            for code, detail in self._invariants.check(body):
                self._wrong(code, detail)
        self._tree.append(leaf)

    def _recover(self, body: dict[str, Any]) -> None:
        """Note the gap that the entry names, which must be at the state that stands here."""
        here = body["here"]
        known = body["known"]
        size = self._tree.size
        if (here["size"], here["root"]) != (size, self._tree.root().hex()):
            self._wrong("recovered_elsewhere", "it recovers another state than this")
        at_least = int(known["size"])
        self._recoveries.append((at_least, str(known["root"]), size))
        lost = f"{at_least} entries were known" if at_least else "nothing was known"
        detail = f"a person let the log go on from {size} entries; {lost}"
        log = _log_of(self._origin)
        self.report.gaps.append(Problem("recovered", size, detail, log))

    def _place(self, record: dict[str, Any], body: dict[str, Any]) -> None:
        """Check that the entry stands where its body says."""
        expected = self._tree.size
        self._same_log(body.get("origin"), expected)
        if any(record.get(name) != body.get(name) for name in ("run", "event")):
            self._wrong(
                "moved_entry",
                "it is stored under another run or event than its body says",
            )
        if body.get("seq") != record.get("seq"):
            self._wrong("moved_entry", f"the body says it is entry {body.get('seq')}")
        signed = body.get("signed")
        if signed != self._noted:
            last = max(self._noted, signed if isinstance(signed, int) else 0) - 1
            self._wrong(
                "missing_checkpoint",
                f"entry {expected} follows a checkpoint that is not there",
                last,
            )

    def _same_log(self, origin: object, seq: int) -> None:
        if self._origin is None:
            self._origin = str(origin)
        if origin != self._origin:
            self._wrong(
                "foreign_entry",
                f"it is of the log {origin!r}, not of {self._origin!r}",
                seq,
            )

    def _canonical(self, raw: bytes) -> dict[str, Any] | None:
        try:
            body = json.loads(raw, object_pairs_hook=_no_duplicates)
            text = json.dumps(
                body,
                sort_keys=True,
                separators=(",", ":"),
                ensure_ascii=False,
            )
            if isinstance(body, dict) and text.encode() == raw:
                return body
        except ValueError:
            pass  # reported below, like every other form that is not canonical
        self._wrong("changed_entry", "the body is not canonical JSON")
        return None

    def _checkpoint(self, record: dict[str, Any]) -> None:
        size = self._tree.size
        last = max(size - 1, 0)
        again = size == self._noted
        self._noted = size
        note = str(record.get("note"))
        parsed = _parse(note)
        if parsed is None or not _signed(note, parsed[0], self._key):
            signer = self.report.key[:16]
            self._wrong(
                "bad_signature",
                f"the checkpoint after entry {last} is not signed by {signer}",
                last,
            )
            return
        origin, signed, root = parsed
        self._same_log(origin, last)
        if again:
            self._wrong(
                "checkpoint_moved", f"a second checkpoint of {size} entries", last
            )
        elif signed != size or signed != record.get("size"):
            self._wrong(
                "checkpoint_moved",
                f"a checkpoint of {signed} entries stands after {size}",
                last,
            )
        elif root != self._tree.root():
            self._wrong(
                "root_mismatch",
                f"an entry from {self._signed} to {last} is not what was signed",
                last,
            )
        if self._remembered is not None and signed == self._remembered[1]:
            self._met_remembered = True
            self._fork = None
            if root != self._remembered[2]:
                self._fork = f"another log of {size} entries was signed before", last
        self._signed = signed
        self.report.checkpoints += 1


def verify(
    records: Iterable[dict[str, Any]],
    *,
    key: bytes,
    origin: str | None = None,
    remembered: str | None = None,
) -> Report:
    """Verify one whole log; *key* is the Ed25519 public key, 32 bytes, *origin* the log's name."""
    verifier = Verifier(
        key=key,
        origin=origin,
        remembered=remembered,
    )
    for record in records:
        verifier.read(record)
    return verifier.finish()


def read_export(path: Path) -> list[tuple[dict[str, Any], list[Any]]]:
    """Return the header and the records of each log of an export.

    Raises ValueError or OSError for anything that is not an export.
    """
    lines = path.read_text("utf-8").removesuffix("\n").split("\n")
    logs: list[tuple[dict[str, Any], list[Any]]] = []
    try:
        for record in map(json.loads, lines):
            if isinstance(record, dict) and record.get("kind") == "log":
                logs.append((record, []))
            elif not logs:
                raise ValueError("the first line is no header of a log")
            else:
                logs[-1][1].append(record)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return logs


def verify_export(
    path: Path, *, key: str | None = None, remembered: Iterable[str] = ()
) -> list[Report]:
    """Verify every log of an export.

    *key* is in hexadecimal; without one the key that the export names is taken, and that nobody
    vouches for it is a problem. *remembered* are notes of any of the logs; one of a log that the
    export lacks is a problem of its own, and so is a second log of one name. Raises ValueError,
    LookupError, TypeError or OSError for a file that is not an export.
    """
    notes = {newest(note).partition("\n")[0]: note for note in remembered}
    reports = []
    origins: set[str] = set()
    for header, records in read_export(path):
        origin = str(header["origin"])
        public = bytes.fromhex(key or header["public_key"])
        note = notes.pop(origin, None)
        report = verify(
            records,
            key=public,
            origin=origin,
            remembered=note,
        )
        if key is None:
            report.problems.append(Problem(UNKNOWN_KEY, 0, _UNKNOWN, report.log))
        if origin in origins:
            detail = "a second log of this name, which no checkpoint vouches for"
            report.problems.append(Problem("doubled_log", 0, detail, report.log))
        origins.add(origin)
        reports.append(report)
    for origin in notes:
        report = Report(log=_log_of(origin))
        detail = f"a checkpoint of {origin!r} is remembered, the export has no such log"
        report.problems.append(Problem("missing_log", 0, detail, report.log))
        reports.append(report)
    return reports


def newest(note: str) -> str:
    """Return the newest whole note of a witness's file, or what stands there when none is whole."""
    notes = _NOTE.findall(note)
    return notes[-1] if notes else note


def _visible(text: str) -> str:
    """Return *text* with every character that is no plain one escaped; a terminal obeys none."""
    plain = str(text).encode("utf-8", "backslashreplace").decode()
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode()
        for sign in plain
    )


def _log_of(origin: object) -> str:
    """Return the name of the log that *origin* ends with."""
    return "" if origin is None else unquote(str(origin).rpartition("/")[2])


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
        if (
            raw[:4] != expected
            or line != f"\u2014 {origin} {base64.b64encode(raw).decode()}\n"
        ):
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
    """Verify the export named on the command line and return the exit code."""
    options = _options(arguments)
    try:
        notes = [path.read_text("utf-8") for path in options.remembered]
        reports = verify_export(options.export, key=options.key, remembered=notes)
    except (OSError, ValueError, LookupError, TypeError) as error:
        print(f"unreadable: {_visible(str(error))}", file=sys.stderr)
        return 2
    for report in reports:
        _tell(report)
    if not all(report.valid for report in reports):
        return 1
    return 3 if any(report.gaps for report in reports) else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("export", type=Path)
    parser.add_argument("--key", help="the public key to trust, in hexadecimal")
    parser.add_argument(
        "--remembered",
        type=Path,
        action="append",
        default=[],
        help="a checkpoint kept from an earlier look; once for each log",
    )
    return parser.parse_args(arguments)


def _tell(report: Report) -> None:
    """Print what was found; every text of the export is made visible."""
    found = [("INVALID", problem) for problem in report.problems]
    found += [("GAP", gap) for gap in report.gaps]
    for word, problem in found:
        place = f"{word} {problem.log} entry {problem.seq}"
        print(_visible(f"{place}: {problem.code}: {problem.detail}"))
    name = f"log {report.log}, {report.size} entries, root {report.root}"
    print(_visible(f"{report.verdict}: {name}"))
    print(f"{report.checkpoints} signed checkpoints, key {report.key}")


if __name__ == "__main__":
    sys.exit(main())
