"""Logs that are correctly signed, whatever their entries say."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from interlock.runtime.canonical import canonical
from interlock.runtime.record.audit_verify import Report, verify
from interlock.runtime.record.tlog import Frontier, Signer, leaf_hash, public_bytes

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


RECORDS = log(INTENT, DONE, STEP)
