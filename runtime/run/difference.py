"""Differences: what is other now than what a person was shown, field by field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, select

from interlock.runtime.canonical import Json, canonical, digest
from interlock.runtime.errors import BadInput
from interlock.runtime.record.store import tables
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run.question import Approval
from interlock.runtime.run.refusal import refused

_APPROVALS = tables.approval.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One field of the evidence, as it was shown and as it is now; empty where it is not there."""

    field: str
    before: str
    now: str


class EvidenceChanged(BadInput):
    """Somebody decides on something else than what waits; *differences* say what is other."""

    def __init__(
        self,
        approval: str,
        *,
        shown: str,
        evidence: str,
        differences: Sequence[Difference],
    ) -> None:
        plain = refused(
            "evidence_changed",
            what=f"approval {approval}",
            shown=shown[:12],
            evidence=evidence[:12],
        )
        #: The approval that waits: another one where what was asked was asked anew
        self.approval = approval
        self.differences = tuple(differences)
        super().__init__(
            code=plain.code,
            data=plain.data,
            what=plain.what,
            why=plain.why,
            next_step=plain.next_step,
        )


def differences(
    before: Mapping[str, Any], now: Mapping[str, Any]
) -> tuple[Difference, ...]:
    """Return every field that differs, arguments one by one, in the order of their names."""
    old, new = _flat(before), _flat(now)
    return tuple(
        Difference(field=name, before=old.get(name, ""), now=new.get(name, ""))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    )


def changed(
    connection: Connection,
    key: DataKey,
    approval: Approval,
    *,
    shown: str,
    seen: Mapping[str, Json] | None,
) -> EvidenceChanged:
    """Return why a verdict on the evidence *shown* is none on *approval*, with what differs.

    What was shown is looked for among what the run asked before; else the person's own copy,
    *seen*, counts where it has the digest that the person names.
    """
    before = _asked_before(connection, key, approval, shown)
    if before is None and seen is not None and digest(dict(seen)) == shown:
        before = seen
    return EvidenceChanged(
        approval.id,
        shown=shown,
        evidence=approval.evidence_digest,
        differences=differences(before, approval.evidence) if before else (),
    )


def asked_anew(connection: Connection, row: RowMapping) -> RowMapping | None:
    """Return the row of the question that waits in place of a withdrawn one, or None."""
    query = select(tables.approval).where(
        _APPROVALS.action_id == row["action_id"], _APPROVALS.state == "waiting"
    )
    if row["state"] != "withdrawn":
        return None
    return connection.execute(query).mappings().first()


def _asked_before(
    connection: Connection, key: DataKey, approval: Approval, shown: str
) -> Mapping[str, Json] | None:
    query = select(_APPROVALS.id, _APPROVALS.evidence).where(
        _APPROVALS.run_id == approval.run_id, _APPROVALS.evidence_digest == shown
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    evidence: dict[str, Json] = orjson.loads(
        key.open(row.evidence, place=f"approval/{row.id}")
    )
    return evidence


def _flat(evidence: Mapping[str, Any]) -> dict[str, str]:
    fields = {name: value for name, value in evidence.items() if name != "arguments"}
    arguments = evidence.get("arguments", {})
    fields |= {f"arguments.{name}": value for name, value in arguments.items()}
    return {name: _text(value) for name, value in fields.items()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else canonical(value).decode()
