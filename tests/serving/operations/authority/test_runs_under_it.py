"""Runs and the policy in force: what starts under it, and how a run is pinned to another."""

from functools import partial
from pathlib import Path

import pytest
from tests.serving.operations.authority.changes import activate, changed
from tests.serving.operations.authority.people import (
    ADMINISTRATOR,
    ANALYST,
    REQUEST,
    acts,
)

from interlock.errors import BadInput, NotPermitted
from interlock.serving import desk as desks
from interlock.serving.home import opened
from interlock.serving.operations import runs
from interlock.serving.workspace import open_workspace


async def test_a_start_takes_no_policy_out_of_force(tmp_path: Path) -> None:
    """A run that a person may start begins under the policy in force, or not at all: another one
    may have been activated since the person was let through.
    """
    grants = "grants:\n  administrator: [run.repin]\n"
    async with opened(await changed(tmp_path, grants)) as home:
        before = await home.runs.count()
        with pytest.raises(BadInput) as refusal:
            await home.runtime.start(
                "contract_review", REQUEST, principal=ANALYST, also=lambda *_: None
            )
        after = await home.runs.count()

    assert refusal.value.code == "another_in_force"
    assert after == before


async def test_a_server_starts_nothing_under_a_policy_that_was_replaced(
    tmp_path: Path,
) -> None:
    """Where another process puts another policy in force, a process that has started runs starts
    none under the policy that it still has.
    """
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "data.yaml").write_text("limits: {refusals: 4}\n", "utf-8")
    place = {"home": str(tmp_path / "home")}
    overlay = {"policies": str(tmp_path / "policies")}
    async with opened(open_workspace({}, chosen=place).settings) as home:
        start = partial(
            runs.start, home, person=ANALYST, agent="contract_review", request=REQUEST
        )
        before = [await start(), await start()]
        other = open_workspace({}, chosen={**place, **overlay}).settings
        async with desks.opened(other) as desk:
            await activate(desk, ADMINISTRATOR)
        with pytest.raises(BadInput) as refusal:
            await start()
        with pytest.raises(NotPermitted):
            await start()
        count = await home.runs.count()

    assert refusal.value.code == "another_in_force"
    assert count == len(before)


async def test_an_administrator_pins_runs_to_another_policy(tmp_path: Path) -> None:
    """A run of another policy is pinned anew by whom the policy lets, with an entry; `--all` pins
    those of one revision and leaves what is worked on.
    """
    place = {"home": str(tmp_path / "home")}
    async with opened(open_workspace({}, chosen=place).settings) as home:
        old = home.bundle.revision
        started = [
            await runs.start(
                home, person=ANALYST, agent="contract_review", request=REQUEST
            )
            for _ in range(3)
        ]
        for run in started[:2]:
            home.runs.give_back(run)
    overlay = tmp_path / "policies"
    overlay.mkdir()
    (overlay / "data.yaml").write_text("limits: {refusals: 4}\n", "utf-8")
    changed = open_workspace({}, chosen={**place, "policies": str(overlay)}).settings
    async with opened(changed) as home:
        await activate(home, ADMINISTRATOR)
        with pytest.raises(NotPermitted):
            await runs.repin(home, started[0].id, person=ANALYST)
        await runs.repin(home, started[0].id, person=ADMINISTRATOR)
        outcomes = await runs.repin_all(home, revision=old, person=ADMINISTRATOR)
        revisions = {run.id: (await home.runs.read(run.id)).revision for run in started}
        pinned = [act for act in await acts(home) if act[0] == "run.repin"]

    new = home.bundle.revision
    assert outcomes == {started[1].id: None, started[2].id: "claimed"}
    assert list(revisions.values()) == [new, new, old]
    assert [effect for _, effect, _ in pinned] == ["deny", *["permit"] * 3]
