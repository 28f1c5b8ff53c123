"""The ledger of a home, for every front end."""

from typing import Any

from interlock.runtime.record import audit
from interlock.runtime.record.audit import Audit
from interlock.runtime.record.state import Difference, differences
from interlock.runtime.run import marks
from interlock.serving.view import Readable


async def verified(home: Readable, *, log: str | None = None) -> Audit:
    """Verify one log of *home*, or all logs; see `interlock.runtime.record.audit.verified`."""
    return await audit.verified(home.store, home.vault, home.ledger, log=log)


async def entries(
    home: Readable,
    run_id: str | None = None,
    *,
    log: str | None = None,
    newest: int | None = None,
) -> list[dict[str, Any]]:
    """Return the entries of *home* with their payloads opened: all, or those of one run or log.

    With *newest* only so many are returned, the last ones. Each names by `shadow` the run that its
    run copies; an empty text for a run that copies none.
    """
    rows = await audit.entries(
        home.store,
        home.vault,
        run_id=run_id,
        log=log,
        newest=newest,
    )
    one = None if run_id is None else [run_id]
    marked = await home.store.read(lambda look: marks.shadows(look, one))
    return [
        row | {"shadow": marked.get(row["body"].get("run", ""), "")} for row in rows
    ]


async def compared(home: Readable) -> list[Difference]:
    """Return every row of the working tables that is not what the ledger says."""
    return await differences(home.store, home.vault)
