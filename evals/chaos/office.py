"""The people of a drill: who leaves runs to workers, and who decides what waits.

They act by the product's own operations, and keep what was acknowledged to them. While the
database is away they try again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from interlock.runtime.errors import BadInput, NotRecorded
from interlock.runtime.policy.request import Principal
from interlock.runtime.run.run import OPEN
from interlock.runtime.run.verdict import Shown
from interlock.serving.home import Home
from interlock.serving.operations import approvals

T = TypeVar("T")
AGENT: Final = "drill"
OPERATOR: Final = "olga"
_REVIEWER: Final = "rhea"
_PEOPLE: Final = (
    f"people:\n- {{id: {OPERATOR}, roles: [analyst, administrator]}}\n"
    f"- {{id: {_REVIEWER}, roles: [reviewer]}}\n"
)
#: One run in so many asks a person
_ASKING: Final = 5
_PATIENCE_S: Final = 120
_AGAIN_S: Final = 0.2
POLICIES: Final = Path(__file__).resolve().parent / "policies"


def furnish(folder: Path, *, database: str, concurrency: int) -> None:
    """Make the workspace of the drill in the empty *folder*."""
    (folder / "people.yaml").write_text(_PEOPLE, "utf-8")
    settings = [
        'agents = ["interlock.evals.chaos.agent:Driller"]',
        f'policies = "{POLICIES}"',
        'people = "people.yaml"',
        f'database = "{database}"' if database else "",
        "[worker]",
        f"concurrency = {concurrency}",
        "poll_ms = 300",
    ]
    (folder / "interlock.toml").write_text("\n".join(settings) + "\n", "utf-8")


@dataclass(kw_only=True)
class Office:
    """The people at one home, and what was acknowledged to them."""

    home: Home
    queued: list[str] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)

    async def queue(self, number: int) -> None:
        """Leave so many runs to workers."""
        for _ in range(number):
            run_id = await insisted(self._start)
            self.queued.append(run_id)

    async def _start(self) -> str:
        number = len(self.queued)
        tenant = self.home.settings.tenant
        run = await self.home.runtime.start(
            AGENT,
            {"number": number, "asks": number % _ASKING == 0},
            principal=Principal(
                id=OPERATOR,
                tenant=tenant,
                roles=(),
            ),
            limits=self.home.settings.limits,
            claim=False,
        )
        return run.id

    async def decide(self) -> None:
        """Approve everything that waits."""
        waiting = await insisted(lambda: self.home.approvals.list(state="waiting"))
        for asked in waiting:
            try:
                await insisted(partial(self._approve, asked.id))
            except BadInput:
                continue  # it was decided though nobody was told, or its run has ended
            self.verdicts.append(asked.id)

    async def _approve(self, approval_id: str) -> None:
        approval = await self.home.approvals.read(approval_id)
        await approvals.decide(
            self.home,
            Shown(approval=approval_id, evidence=approval.evidence_digest),
            person=Principal(
                id=_REVIEWER,
                tenant=self.home.settings.tenant,
                roles=("reviewer",),
            ),
            verdict="approved",
            note="drilled",
        )

    async def goes_on(self) -> bool:
        """Whether a run is open that workers or a verdict carry on."""
        runs = await insisted(self.home.runs.list)
        return any(run.status in OPEN and run.status != "dead" for run in runs)


async def insisted(work: Callable[[], Awaitable[T]]) -> T:
    """Do *work*, again and again while the database is away, but not for ever."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _PATIENCE_S
    while True:
        try:
            return await work()
        except NotRecorded:
            if loop.time() > until:
                raise
            await asyncio.sleep(_AGAIN_S)
