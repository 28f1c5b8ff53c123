"""How one run stands according to its entries, and which further entries they allow.

The entries decide; rows only remember. So an entry that the earlier ones forbid is refused,
whatever a row says that would allow it: a second intent of an action, a second use of an approval,
a claim of a run that has ended. Such a run is opened again for one thing, to be undone.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from interlock.runtime.errors import LogBroken, NotAsRecorded, Tampered
from interlock.runtime.record.derived import Derived
from interlock.runtime.record.entry_values import body_of
from interlock.runtime.record.logs import kept_at
from interlock.runtime.record.spend import Values
from interlock.runtime.record.store.statement import Row
from interlock.runtime.record.tlog import leaf_hash
from interlock.runtime.record.vault import Keyring

_ENDED: Final = frozenset({"done", "failed", "cancelled"})
_FINISHED: Final = frozenset({"done", "failed", "unknown"})


@dataclass(kw_only=True, slots=True)
class Standing:
    """One run as its entries up to `size`, a size of the log, say it stands."""

    log: str
    run_id: str
    derived: Derived = field(default_factory=Derived)
    size: int = 0
    entries: int = 0
    leaf: bytes = b""
    #: Of every action that was begun, whether it may be begun again
    begun: dict[str, bool] = field(default_factory=dict)

    def catch_up(
        self,
        keys: Keyring,
        entries: Iterable[Row],
        *,
        size: int,
    ) -> None:
        """Read on to the log's *size*: body, chain and sealed payload of each entry of the run.

        They are *entries*, in order. Raises `LogBroken` for one that is not what was recorded.
        """
        for row in entries:
            body = self._checked(keys, row)
            self._apply(body, row["leaf"])
        self.size = size

    def leads_to(self, body: Values) -> bool:
        """Whether the new entry with *body* follows the last one that was read."""
        return bool(body.get("prev") == self.leaf.hex())

    def add(
        self,
        entry: Mapping[str, Any],
        body: Values,
    ) -> None:
        """Take a new *entry*, which is about to be committed, and whose *body* was read.

        Raises `NotAsRecorded` for one that the earlier entries forbid.
        """
        if body.get("prev") != self.leaf.hex():
            self._broken(
                entry["seq"],
                "chain_broken",
                "it follows another entry",
            )
        checks: Mapping[str, Callable[[Values], None]] = {
            "run_resumed": self._resumed,
            "run_ended": self._ended,
            "run_repinned": self._open,
            "run_widened": self._open,
            "decision": self._decided,
            "intent": self._intended,
            "outcome": self._finished,
            "step": self._stepped,
            "approval": self._judged,
            "approval_step": self._judged,
            "approval_expired": self._judged,
        }
        check = checks.get(str(body.get("event")))
        if check is not None:
            check(body)
        self._apply(body, entry["leaf"])
        self.size = entry["seq"] + 1

    @property
    def run(self) -> Values:
        """The run's row."""
        return self.derived.run.get((self.run_id,), {})

    @property
    def has_ended(self) -> bool:
        """Whether the run has ended for good."""
        return self.run.get("status") in _ENDED

    def state(self, action: str) -> object:
        """Return the state of an action, or None for one that was never decided on."""
        return self.derived.action.get((action,), {}).get("state")

    def _checked(
        self,
        keys: Keyring,
        row: Row,
    ) -> Values:
        body = body_of(row["body"])
        if not body or leaf_hash(row["body"]) != row["leaf"]:
            self._broken(
                row["seq"],
                "changed_entry",
                "the body is not what was signed",
            )
        if body.get("prev") != self.leaf.hex():
            self._broken(
                row["seq"],
                "chain_broken",
                "an entry before it is gone",
            )
        commitment = body.get("payload")
        if commitment is not None:
            key = keys.key(self.run_id)
            place = kept_at(self.log, row["seq"])
            if key.commit(key.open(row["payload"], place=place)) != commitment:
                self._broken(
                    row["seq"],
                    "payload_changed",
                    "it is another payload",
                )
        return body

    def _apply(
        self,
        body: Values,
        leaf: bytes,
    ) -> None:
        try:
            self.derived.apply(self.log, body)
            if body["event"] == "intent":
                self.begun[body["action"]] = bool(body["idempotent"])
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise Tampered(
                what=f"run {self.run_id}",
                why=f"an entry of it cannot be read: {type(error).__name__}",
            ) from error
        self.leaf = leaf
        self.entries += 1

    def _open(self, body: Values) -> None:
        if self.has_ended:
            self._refuse(
                "wrong_state",
                "run",
                self.run_id,
                "the run has ended",
            )

    def _ended(self, body: Values) -> None:
        if not body["undoing"]:
            self._open(body)

    def _resumed(self, body: Values) -> None:
        self._open(body)
        if body["fence"] != self.run.get("fence", 0) + 1:
            self._refuse(
                "wrong_state",
                "run",
                self.run_id,
                "its fence is another",
            )

    def _decided(self, body: Values) -> None:
        if self.state(body["action"]) in _FINISHED:
            self._refuse(
                "wrong_state",
                "action",
                body["action"],
                "it has an outcome already",
            )

    def _stepped(self, body: Values) -> None:
        self._decided(body)
        if body["action"] in self.begun:
            self._refuse(
                "second_intent",
                "action",
                body["action"],
                "it was begun",
            )

    def _finished(self, body: Values) -> None:
        if self.state(body["action"]) not in {"started", "unknown"}:
            self._refuse(
                "wrong_state",
                "action",
                body["action"],
                "nothing of it is under way",
            )

    def _intended(self, body: Values) -> None:
        action = body["action"]
        is_again = action in self.begun
        repeatable = self.begun.get(action) and body["idempotent"]
        is_open = not is_again or (repeatable and self.state(action) == "started")
        if not is_open or self.state(action) in _FINISHED:
            why = "the ledger has an intent or an outcome of it already"
            self._refuse(
                "second_intent",
                "action",
                action,
                why,
            )
        if self.run.get("status") != "running":
            self._refuse(
                "wrong_state",
                "run",
                self.run_id,
                "the run is not running",
            )
        if self.run.get("undoing") and not body.get("undoes"):
            self._refuse(
                "wrong_state",
                "run",
                self.run_id,
                "the run is being undone",
            )
        approval = body["approval"]
        if approval is not None and not is_again:
            self._serves(approval, action)

    def _serves(
        self,
        approval: str,
        action: str,
    ) -> None:
        row = self.derived.approval.get((approval,), {})
        if row.get("state") != "approved" or row.get("action_id") != action:
            why = "no unused verdict of it on this action is recorded"
            self._refuse(
                "approval_spent",
                "approval",
                approval,
                why,
            )

    def _judged(self, body: Values) -> None:
        row = self.derived.approval.get((body["approval"],), {})
        if row.get("state") != "waiting":
            why = "by the ledger nobody is asked any more"
            self._refuse(
                "wrong_state",
                "approval",
                body["approval"],
                why,
            )

    def _refuse(
        self,
        code: str,
        table: str,
        row: str,
        why: str,
    ) -> None:
        raise NotAsRecorded(
            code=code,
            table=table,
            row=row,
            why=why,
        )

    def _broken(
        self,
        seq: int,
        problem: str,
        why: str,
    ) -> None:
        raise LogBroken(
            log=self.log,
            seq=seq,
            problem=problem,
            why=why,
        )
