"""How the guards of what stays unread are taken away."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, select

from interlock.evals.guarantees.patch import Break, Patch, replacing
from interlock.runtime.door import enforcement
from interlock.runtime.door.unread import facts, given
from interlock.runtime.door.unread.given import Handles
from interlock.runtime.door.unread.handle import reference_of
from interlock.runtime.policy.label import TRUSTED, Label
from interlock.runtime.record.store import tables
from interlock.runtime.run.run import Run


async def _whole(outcome: Any, *_: Any) -> Any:
    return outcome


def _any_run(patch: Patch) -> None:
    """Follow a handle in whichever run has one of that name."""
    follow = Handles.given

    async def lax(self: Handles, run: Run, arguments: Any, **options: Any) -> Any:
        owner = await self._store.read(lambda tx: _owner(tx, arguments) or run.id)
        return await follow(self, replace(run, id=owner), arguments, **options)

    patch.put(Handles, "given", lax)


def _owner(connection: Connection, arguments: Mapping[str, Any]) -> str | None:
    """Return the run of the first handle among arguments."""
    columns = tables.action.c
    for value in arguments.values():
        if reference := reference_of(value):
            query = select(columns.run_id).where(columns.id == reference.action)
            return connection.execute(query).scalar()
    return None


def _vouched_for(*_: Any) -> Label:
    return TRUSTED


def _none(*_: Any, **__: Any) -> int:
    return 0


UNREAD: Final[Mapping[str, Break]] = {
    "shown-text": replacing(enforcement, "closed", _whole),
    "handle-of-another-run": _any_run,
    "vouched-for-by-a-handle": replacing(given, "_joined", _vouched_for),
    "uncounted-answers": replacing(facts, "told", _none),
}
