"""What people may look at: the policy is asked, a denial recorded, another tenant not there."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from interlock.errors import NotFound, NotPermitted, Unanswered
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.audit import entries
from interlock.runtime.run import subject
from interlock.serving import desk as desks
from interlock.serving.home import Home, opened
from interlock.serving.operations import looks, runs
from interlock.serving.workspace import open_workspace

ANALYST = Principal(id="ana", tenant="default", roles=("analyst",))
AUDITOR = Principal(id="otto", tenant="default", roles=("auditor",))
NOBODY = Principal(id="nemo", tenant="default", roles=())
STRANGER = Principal(id="ana", tenant="other", roles=("analyst", "auditor"))
REQUEST = {"path": "/no/such/contract.pdf", "notify": []}


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    """A new home with the shipped policy."""
    settings = open_workspace({}, chosen={"home": str(tmp_path)}).settings
    async with opened(settings) as home:
        yield home


async def _started(home: Home) -> str:
    run = await runs.start(
        home, person=ANALYST, agent="contract_review", request=REQUEST, claim=False
    )
    return run.id


async def test_a_permit_to_look_is_not_recorded_and_a_denial_is(home: Home) -> None:
    """Whoever looks at much costs no entry; whoever may not leaves one for each try."""
    run_id = await _started(home)
    before = len(await entries(home.store, home.vault))
    shown = await looks.run(home, run_id, person=AUDITOR)
    listed = await looks.runs(home, person=AUDITOR, limit=10)
    assert len(await entries(home.store, home.vault)) == before

    for refused in (
        looks.run(home, run_id, person=NOBODY),
        looks.runs(home, person=NOBODY, limit=10),
    ):
        with pytest.raises(NotPermitted):
            await refused
    newest = (await entries(home.store, home.vault))[before:]
    assert [shown["run_id"], *(run.id for run in listed)] == [run_id, run_id]
    assert [(one["body"]["tool"], one["body"]["effect"]) for one in newest] == [
        ("run.read", "deny"),
        ("run.read", "deny"),
    ]


async def test_what_is_of_another_tenant_is_not_there(home: Home) -> None:
    """The answer is word for word the one for an id that nobody has, and nothing is recorded."""
    run_id = await _started(home)
    before = len(await entries(home.store, home.vault))
    for asked in (run_id, "run-000000000000"):
        with pytest.raises(NotFound) as refusal:
            await looks.run(home, asked, person=STRANGER)
        assert (refusal.value.kind, refusal.value.name) == ("run", asked)

    assert await looks.runs(home, person=STRANGER, limit=10) == []
    assert len(await entries(home.store, home.vault)) == before


async def test_without_a_policy_nobody_looks(tmp_path: Path) -> None:
    """An engine that cannot answer shows nothing: looking fails closed."""
    chosen = {"home": str(tmp_path), "bundle": str(tmp_path / "no-such-bundle.tar.gz")}
    async with desks.opened(open_workspace({}, chosen=chosen).settings) as desk:
        with pytest.raises(Unanswered):
            await desk.acts.look(
                "run.read", person=ANALYST, arguments={}, look=subject.tenant("run", "")
            )
