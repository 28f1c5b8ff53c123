"""Shadows: runs that copy others under another release, and touch nothing outside.

Whatever the policy permits, a shadow does no effect and asks no person. What it reads is what the
run that it copies was told, with what that run kept of the reading: the tool is not called. A
reading that is not on record is refused (fails closed). What is computed, and what the release
itself answers, such as a model, is called as for any run.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from sqlalchemy import Connection, bindparam, or_, select

from interlock.runtime.door.proposal import Proposal
from interlock.runtime.door.tool import AnyTool, ToolFailed, Value
from interlock.runtime.policy.decision import Permit, Reason, by_runtime
from interlock.runtime.policy.obligation import Duties, understand
from interlock.runtime.record.entry_values import body_of
from interlock.runtime.record.store import Store, tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import erasure, recorded_action
from interlock.runtime.run.attempt import Attempt
from interlock.runtime.run.recorded_action import RecordedAction
from interlock.runtime.run.shelf import Kept, Shelf

_ACTION: Final = tables.action.c
_ENTRY: Final = tables.ledger_entry.c
_SAME: Final = Statement(
    select(*recorded_action.COLUMNS)
    .where(
        _ACTION.run_id == bindparam("of_run"),
        _ACTION.digest == bindparam("asked"),
        or_(_ACTION.state == "done", _ACTION.state == "failed"),
    )
    .order_by(_ACTION.ordinal)
    .limit(1)
)
_ENDS: Final = Statement(
    select(_ENTRY.body).where(
        _ENTRY.run_id == bindparam("of_run"),
    )
)
_KEPT: Final = Statement(
    select(tables.record.c.kind, tables.record.c.key).where(
        tables.record.c.run_id == bindparam("of_run"),
        tables.record.c.action_id == bindparam("by_action"),
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What the run that is copied was told by one call, and kept of it."""

    action: RecordedAction
    wall_ms: int
    #: With the kind of the shelf
    kept: Sequence[tuple[str, Kept]]


class Shadows:
    """Gives shadows what was read before; lives with the door, and holds nothing itself."""

    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
    ) -> None:
        self._store = store
        self._vault = vault

    async def played(
        self,
        attempt: Attempt,
        proposal: Proposal,
    ) -> Proposal | Reason:
        """Return the call as the run may make it, or why not; any other run's call as it is."""
        if not attempt.run.shadow or not _is_reading(proposal.callable):
            return proposal
        reading = await self._reading(
            attempt.run.shadow,
            attempt.request.digest,
        )
        if reading is None:
            return by_runtime("shadow_strayed")
        return replace(
            proposal,
            tool=self._player(proposal.callable, reading),
        )

    def _player(
        self,
        tool: AnyTool,
        reading: Reading,
    ) -> AnyTool:
        """Return the tool with what is on record in place of what it does; it takes as long."""

        async def act(permit: Permit, _: Value) -> Value:
            await asyncio.sleep(reading.wall_ms / 1000)
            result = reading.action.result or b"null"
            if reading.action.state == "failed":
                cause = orjson.loads(result)
                raise ToolFailed(
                    code=cause["code"],
                    detail=cause["detail"],
                )
            self._keep(permit, reading.kept)
            value: Value = tool.result.model_validate_json(result)
            return value

        return replace(tool, act=act)

    def _keep(
        self,
        permit: Permit,
        kept: Sequence[tuple[str, Kept]],
    ) -> None:
        for kind, thing in kept:
            self._shelf(kind).keep(
                permit,
                key=thing.key,
                body=thing.body,
                status=thing.status,
            )

    async def _reading(
        self,
        run_id: str,
        digest: str,
    ) -> Reading | None:
        def look(connection: Connection) -> tuple[RecordedAction, int] | None:
            place = {"of_run": run_id, "asked": digest}
            row = _SAME.one(connection, place)
            if row is None:
                return None
            key = erasure.key_of(connection, self._vault, run_id)
            action = recorded_action.found(row, key)
            if action is None:
                return None
            ends = _ENDS.all(connection, {"of_run": run_id})
            bodies = [body_of(end["body"]) for end in ends]
            return action, _wall_ms(bodies, action.id)

        found = await self._store.read(look)
        if found is None:
            return None
        action, wall_ms = found
        return Reading(
            action=action,
            wall_ms=wall_ms,
            kept=await self._kept(run_id, action.id),
        )

    async def _kept(
        self,
        run_id: str,
        action_id: str,
    ) -> list[tuple[str, Kept]]:
        place = {"of_run": run_id, "by_action": action_id}
        rows = await self._store.read(lambda connection: _KEPT.all(connection, place))
        kept = []
        for row in rows:
            thing = await self._shelf(row["kind"]).read(run_id, key=row["key"])
            if thing is not None:
                kept.append((row["kind"], thing))
        return kept

    def _shelf(self, kind: str) -> Shelf:
        return Shelf(
            store=self._store,
            vault=self._vault,
            kind=kind,
        )


def duties(
    attempt: Attempt,
    proposal: Proposal,
) -> Duties | Reason:
    """Return what a permit asks for, or why nothing may be done on it; see `understand`.

    A shadow has no effect and asks nobody, whatever is permitted.
    """
    understood = understand(attempt.decision)
    if not attempt.run.shadow or isinstance(understood, Reason):
        return understood
    if proposal.callable.has_effect or understood.seats:
        return by_runtime("shadow")
    return understood


def _is_reading(tool: AnyTool) -> bool:
    return tool.action_class == "read" and not tool.of_release


def _wall_ms(
    bodies: Sequence[Mapping[str, Any]],
    action_id: str,
) -> int:
    """Return how long the action took, as the entries of its run say."""
    for body in bodies:
        is_end = body.get("state") in {"done", "failed"}
        if is_end and body.get("action") == action_id:
            return int(body["spent"].get("wall_ms", 0))
    return 0
