"""Erasure: what is gone, what still verifies, and what may not be erased."""

from pathlib import Path

import pytest

from interlock.runtime.approval import Approvals
from interlock.runtime.erasure import erase, erased
from interlock.runtime.errors import BadInput, Erased, NotFound
from interlock.runtime.testing import World


@pytest.fixture
async def world(tmp_path: Path) -> World:
    """A world of one test."""
    return World(tmp_path)


async def test_an_erased_run_is_gone_and_the_ledger_still_verifies(world: World) -> None:
    """After an erasure nothing of the run can be read, it is on no list, and the ledger is valid and says so."""
    async with world:
        run, other = await world.start(request={"who": "ana"}), await world.start()
        await world.runs.end(run, "done", {"said": "something"})
        await erase(world.store, world.vault, run.id, by="ada")

        with pytest.raises(Erased):
            await world.runs.read(run.id)
        listed = [each.id for each in await world.runs.list()]
        approvals = await Approvals(store=world.store, vault=world.vault).list()
        recorded = await world.store.read(erased)
        report = await world.verify()

    assert (listed, approvals, recorded, report.problems) == ([other.id], [], frozenset({run.id}), [])


async def test_only_an_ended_run_is_erased(world: World) -> None:
    """A run that goes on is not erased under its worker, and an unknown one is named."""
    async with world:
        run = await world.start()
        with pytest.raises(BadInput, match="it is running"):
            await erase(world.store, world.vault, run.id, by="ada")
        with pytest.raises(NotFound):
            await erase(world.store, world.vault, "run-0", by="ada")
        kept = await world.runs.read(run.id)

    assert kept.id == run.id


async def test_an_erased_run_is_not_erased_again(world: World) -> None:
    """A second erasure fails and records nothing."""
    async with world:
        run = await world.start()
        await world.runs.end(run, "done", {})
        await erase(world.store, world.vault, run.id, by="ada")
        before = (await world.ledger.head()).size
        with pytest.raises(Erased):
            await erase(world.store, world.vault, run.id, by="ada")

        assert (await world.ledger.head()).size == before
