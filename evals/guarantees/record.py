"""How the guards of switches, claims, rows and the ledger are taken away."""

from typing import Any, Final

from interlock.evals.guarantees.door import UNWATCHED
from interlock.evals.guarantees.patch import (
    Break,
    both,
    never,
    no,
    nothing,
    replacing,
    yes,
)
from interlock.evals.guarantees.rules import without_rule
from interlock.runtime.graph import checkpoints
from interlock.runtime.graph.checkpoint_reading import Reading
from interlock.runtime.graph.driver import Driver
from interlock.runtime.policy.request import Amounts
from interlock.runtime.record import audit_verify, ledger, watch
from interlock.runtime.record.store import Tx
from interlock.runtime.record.vault import DataKey, Vault
from interlock.runtime.record.witness import Witness
from interlock.runtime.run import (
    action,
    approval_step,
    budget,
    claim,
    kill_switch,
    pin,
    settlement,
)
from interlock.runtime.run.transition import move
from interlock.serving import pins

_KEEP: Final = Witness.keep


def _whenever(tx: Tx, *place: Any, at_most: int = 0, **values: Any) -> bool:
    """Move an action though somebody may be at work on it."""
    return move(tx, *place, **values)


def _anywhere(*_: Any, **__: Any) -> str:
    return "probe"


def _free(tx: Tx, **_: Any) -> Amounts:
    """Charge nothing for what may have happened."""
    return Amounts()


def _unbound(*_: Any) -> str:
    """Bind a verdict to nothing."""
    return "probe"


def _keep(self: Witness, log: str, note: str, **_: Any) -> None:
    """Add a note of whatever size."""
    _KEEP(self, log, note, recovered=True)


def _unsealed(self: DataKey, sealed: bytes, *, place: str) -> bytes:
    return b"probe"


def _no_gaps(*_: Any, **__: Any) -> list[Any]:
    return []


_UNKILLED: Final = both(
    replacing(kill_switch, "covered", no), replacing(watch, "refuse_killed", nothing)
)
_UNBOUND: Final = both(replacing(approval_step, "_place", _unbound), UNWATCHED)
_UNREAD: Final = replacing(audit_verify.Verifier, "_wrong", nothing)
_UNWITNESSED: Final = both(
    replacing(ledger, "gap", nothing), replacing(ledger, "gaps", _no_gaps)
)

SWITCHES: Final[dict[str, Break]] = {
    "killed-effect": _UNKILLED,
    "killed-at-the-policy": without_rule("kill_switch"),
    "switch-in-between": _UNKILLED,
    "lost-switch": replacing(watch, "refuse_killed", nothing),
}
CLAIMS: Final[dict[str, Break]] = {
    "second-claim": replacing(claim, "refuse_taken", nothing),
    "lost-claim": replacing(action, "check", nothing),
    "forged-fence": replacing(action, "check", nothing),
    "stale-checkpoint": replacing(checkpoints, "check", nothing),
    "crafted-checkpoint": replacing(Reading, "_open", lambda *_: ({}, {})),
    "early-settlement": replacing(settlement, "move", _whenever),
    "late-outcome": replacing(settlement, "_late", nothing),
    "unpaid-uncertainty": replacing(budget, "charge_reserved", _free),
    "other-policy": replacing(pin, "keep_to", nothing),
    "other-means": both(
        replacing(pin, "keep_all", nothing),
        replacing(Driver, "drive", never),  # the agent of a trial has no graph
    ),
    "unnamed-means": replacing(pins, "_transport", _anywhere),
}
ROWS: Final[dict[str, Break]] = {
    "second-intent": UNWATCHED,
    "turned-back-approval": _UNBOUND,
    "forged-verdict": _UNBOUND,
    "changed-row": replacing(watch, "confirm_action", nothing),
    "ended-run": UNWATCHED,
    "cut-entry": UNWATCHED,
    "foreign-object": replacing(watch, "refuse_strange", nothing),
}
RECORD: Final[dict[str, Break]] = {
    "changed-entry": _UNREAD,
    "shortened-export": _UNREAD,
    "forged-export": replacing(audit_verify.Report, "valid", property(yes)),
    "foreign-bytes": replacing(DataKey, "open", _unsealed),
    "erased-run": replacing(Vault, "erase", nothing),
    "emptied-witness": _UNWITNESSED,
    "restored-database": _UNWITNESSED,
    "emptied-database": _UNWITNESSED,
    "older-note": replacing(Witness, "keep", _keep),
}
