"""Copies: what was erased is kept on by no canary that was made of it."""

from typing import Any

import pytest

from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.state import differences
from interlock.runtime.run.copies import is_like
from interlock.serving.home import Home
from interlock.serving.operations import runs
from interlock.serving.quality import seeding
from interlock.serving.quality.model_run import model_run

ROOT = Principal(id="root", tenant="default", roles=("administrator",))
RHEA = Principal(id="rhea", tenant="default", roles=("reviewer",))


async def test_a_canary_is_erased_with_the_run_that_it_was_made_of(
    home: Home, waiting: str
) -> None:
    """One that was told and one that still waits hold nothing any more; the ledger agrees."""
    model = (await home.approvals.read(waiting)).run_id
    await seeding.seed(home, 2, person=ROOT)
    listed = await home.approvals.list(state="waiting")
    baits = [row for row in listed if row.id != waiting]
    shown = (await home.approvals.read(baits[0].id)).evidence_digest
    await home.runtime.decide(
        baits[0].id, person=RHEA, verdict="rejected", shown=shown, note="It is wrong."
    )
    await runs.cancel(home, model, person=ROOT)

    await runs.erase(home, model, person=ROOT)

    assert len(baits) == 2
    for run in (model, *(bait.run_id for bait in baits)):
        with pytest.raises(BadInput) as refused:
            await home.runs.read(run)
        assert refused.value.code == "erased"
    assert await home.approvals.list() == []
    assert await differences(home.store, home.vault) == []


async def test_nothing_is_made_of_what_was_erased_in_the_meantime(
    home: Home, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever read a run before the run was erased begins no copy of it after that."""
    model = (await home.approvals.read(waiting)).run_id
    read = model_run

    async def too_late(*args: Any) -> Any:
        found = await read(*args)
        await runs.cancel(home, model, person=ROOT)
        await runs.erase(home, model, person=ROOT)
        return found

    monkeypatch.setattr(seeding, "model_run", too_late)
    with pytest.raises(BadInput) as refused:
        await seeding.seed(home, 1, person=ROOT)

    assert refused.value.code == "erased"
    assert await home.approvals.list() == []


@pytest.mark.parametrize(
    ("copy", "is_one"),
    [
        ({"path": "a", "notify": ["x", "x"]}, True),
        ({"path": "a", "notify": ["y", "y"]}, True),
        ({"path": "b", "notify": ["x", "x"]}, True),
        ({"path": "b", "notify": ["y", "y"]}, False),
        ({"path": "a", "notify": ["y", "z"]}, False),
        ({"path": "a"}, True),
    ],
)
def test_a_copy_differs_in_one_text(copy: Any, is_one: bool) -> None:
    """The same text may be another in several places; two that are others make another request."""
    assert is_like({"path": "a", "notify": ["x", "x"]}, copy) is is_one
