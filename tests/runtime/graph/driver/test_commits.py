"""What a step costs: how many commits, and that each is on the disk."""

from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import event
from tests.runtime.graph.driver.plans import Stepped

from interlock.runtime.door.tool import tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import ActionClass, Resource
from interlock.runtime.record.store import lines
from interlock.runtime.testing import Note, World


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that waits longer for company: on a busy machine a step may take more than its few
    milliseconds.
    """
    monkeypatch.setattr(lines, "LAZY_WAIT_S", 5.0)


async def commits_between_acts(folder: Path, action_class: ActionClass) -> list[int]:
    """Return how often the writer committed between one act and the next, over a run of eight."""
    marks, counted = list[int](), list[int]()

    @tool(
        "note.count",
        action=action_class,
        resource=lambda a: Resource(type="note", id=a.to),
    )
    async def act(permit: Permit, arguments: Note) -> Note:
        """Act as the test says."""
        marks.append(len(counted))
        return arguments

    async with World(folder, tools=[act]) as world:
        event.listen(world.store.engine, "commit", lambda _: counted.append(1))
        await world.driver.drive(await world.start(), Stepped(*["note.count"] * 8))
    return [after - before for before, after in pairwise(marks)]


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("action_class", ["write", "irreversible"])
async def test_an_effect_costs_two_commits(
    tmp_path: Path, action_class: ActionClass
) -> None:
    """Intent, outcome and checkpoint of an effect take two commits, so two fsyncs on SQLite."""
    assert await commits_between_acts(tmp_path, action_class) == [2] * 7


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("action_class", ["pure", "read"])
async def test_anything_else_costs_one_commit(
    tmp_path: Path, action_class: ActionClass
) -> None:
    """Decision, record, result and checkpoint of a pure step take one commit."""
    assert await commits_between_acts(tmp_path, action_class) == [1] * 7


async def test_the_commit_is_an_fsync(world: World) -> None:
    """The commits counted above are durable ones: SQLite runs with a write-ahead log and full
    synchronisation.
    """
    with world.store.engine.connect() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous")
        ]

    assert found == ["wal", 2]
