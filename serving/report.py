"""The report of a run: the page that the tool `report.write` wrote."""

import shutil
from pathlib import Path

from interlock.runtime.errors import NotFound
from interlock.runtime.storage import Storage


async def page(storage: Storage, run_id: str, *, home: Path) -> bytes:
    """Return the page of the run; raises `NotFound` when the run wrote none or was erased."""
    file = home / "reports" / run_id / "review.html"
    if not file.is_file():
        raise NotFound(
            kind="report of",
            name=run_id,
            next_step=f"See `interlock run show {run_id}`.",
        )
    return file.read_bytes()


def remove(run_id: str, *, home: Path) -> None:
    """Remove the page of an erased run."""
    shutil.rmtree(home / "reports" / run_id, ignore_errors=True)
