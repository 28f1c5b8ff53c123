"""Reports: pages that one tool of a run writes and another attaches, kept on the run's shelf.

A report is sealed under its run's key, in the database: a run that another machine resumes finds
its reports there, and they go with the run when it is erased. No file is written.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from interlock.runtime.door.tool import ToolFailed
from interlock.runtime.errors import NotFound
from interlock.runtime.policy.decision import Permit
from interlock.runtime.record.store import Store
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.shelf import Kept, Shelf

KIND: Final = "report"
#: The status of a report that nobody is shown any more
WITHDRAWN: Final = "withdrawn"


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One page as a run wrote the page; `sha256` is that of its bytes in UTF-8."""

    name: str
    page: str
    sha256: str


class Reports:
    """The reports of this home, each of the run that wrote it; holds no report itself."""

    def __init__(self, *, store: Store, vault: Vault) -> None:
        self._shelf = Shelf(
            store=store,
            vault=vault,
            kind=KIND,
        )

    def keep(
        self,
        permit: Permit,
        *,
        name: str,
        page: str,
    ) -> Report:
        """Keep a page for the permit's run, with the step's checkpoint, and return the report.

        Keeping the same page again changes nothing.
        """
        sha256 = hashlib.sha256(page.encode()).hexdigest()
        body = {"name": name, "page": page}
        self._shelf.keep(
            permit,
            key=sha256,
            status="written",
            body=body,
        )
        return Report(
            name=name,
            page=page,
            sha256=sha256,
        )

    async def withdraw(self, permit: Permit, *, sha256: str) -> bool:
        """Show a report of the permit's run to nobody any more; False when there is no such one.

        Its bytes stay sealed with the run until the run is erased.
        """
        return await self._shelf.mark(permit, key=sha256, status=WITHDRAWN)

    async def named(
        self,
        run_id: str,
        *,
        name: str,
        sha256: str,
    ) -> Report:
        """Return the run's report of this name and content; `ToolFailed` when the run has none."""
        for report in await self._kept(run_id, key=sha256):
            if report.name == name:
                return report
        raise ToolFailed(
            code="no_report",
            detail=f"this run wrote no report {name!r} with SHA-256 {sha256!r}; write it first",
        )

    async def of_run(self, run_id: str) -> tuple[Report, ...]:
        """Return every report of a run, newest first; none that was withdrawn or erased."""
        return await self._kept(run_id)

    async def newest(self, run_id: str) -> Report:
        """Return the newest report of a run; `NotFound` when there is none."""
        for report in await self.of_run(run_id):
            return report
        next_step = "Look at the run with `interlock run show`."
        raise NotFound(
            kind="report of run",
            name=run_id,
            next_step=next_step,
        )

    async def _kept(self, run_id: str, *, key: str | None = None) -> tuple[Report, ...]:
        pages = await self._shelf.list(run_id=run_id, key=key)
        return tuple(_opened(page) for page in pages if page.status != WITHDRAWN)


def _opened(kept: Kept) -> Report:
    return Report(
        name=kept.body["name"],
        page=kept.body["page"],
        sha256=kept.key,
    )
