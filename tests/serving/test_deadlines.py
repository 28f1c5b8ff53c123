"""What a worker records of questions whose time is up, where one of them cannot be recorded."""

from collections.abc import Mapping, Sequence
from typing import Final, cast

from interlock.runtime.errors import BadInput
from interlock.runtime.run.approvals import Approvals
from interlock.serving.deadlines import Deadlines

OVERDUE: Final = {"one": ("bad", "good"), "two": ("fine",)}


class Asked:
    """Approvals of two tenants, one of which cannot be recorded."""

    def __init__(self) -> None:
        self.recorded: list[str] = []

    async def overdue(self) -> Mapping[str, Sequence[str]]:
        """Return what is overdue."""
        return OVERDUE

    async def expire(self, approvals: Sequence[str], *, tenant: str) -> None:
        """Record all of them, or none."""
        assert set(approvals) <= set(OVERDUE[tenant])
        if "bad" in approvals:
            raise BadInput(what="bad", why="its row was changed", next_step="Look.")
        self.recorded += approvals


async def test_what_cannot_be_recorded_keeps_nothing_else_waiting() -> None:
    """Neither another question of its tenant nor another tenant's waits for it."""
    asked = Asked()

    await Deadlines(cast(Approvals, asked)).settle()

    assert asked.recorded == ["good", "fine"]
