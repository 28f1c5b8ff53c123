"""Actions change their state by one compare-and-set, whatever their writer takes them for."""

from pathlib import Path

import pytest
from sqlalchemy import select

from interlock.runtime.door.outcome import Done
from interlock.runtime.errors import GuardFailed
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.run.transition import ACTIONS, move
from interlock.runtime.testing import Effects, World


@pytest.mark.parametrize("number", [1, 2])
async def test_an_action_in_another_state_is_not_moved(
    database_url: str, tmp_path: Path, number: int
) -> None:
    """Work that takes a done action for a started one changes nothing, whether it moves one action
    or several at once.
    """
    effects = Effects()
    tools = [effects.tool("note.write")]
    async with World(tmp_path / "home", tools=tools, url=database_url) as world:
        run = await world.start()
        for call in range(number):
            outcome = await world.pep.enforce(
                run, tool="note.write", arguments={"text": "x"}, call_id=f"{call}"
            )
            assert isinstance(outcome, Done)
        await world.store.durable(run.claim)
        state = tables.action.c.state
        of_actions = select(tables.action.c.id, state)
        names = await world.store.read(
            lambda connection: connection.scalars(select(tables.action.c.id)).all()
        )

        def mistaken(tx: Tx) -> None:
            for name in names:
                tx.know(ACTIONS, name, {"state": "started"})
            for name in names:
                assert move(tx, name, "started", "failed", until=0)

        with pytest.raises(GuardFailed):
            await world.store.write(mistaken, logs=(run.tenant,))
        rows = await world.store.read(
            lambda connection: connection.execute(of_actions).all()
        )

    assert {row.state for row in rows} == {"done"}
    assert len(rows) == number
