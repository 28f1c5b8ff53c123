"""The report of a run: the page that the tool `report.write` keeps on the run's shelf."""

from interlock.runtime.storage import Storage
from interlock.tools.reports import Reports


async def page(storage: Storage, run_id: str) -> bytes:
    """Return the page of the run; raises `NotFound` when the run wrote none or was erased."""
    report = await Reports(store=storage.store, vault=storage.vault).newest(run_id)
    return report.page.encode()
