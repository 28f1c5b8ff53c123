"""Which policy decides: the one that somebody put in force, and no other."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, update
from tests.serving.operations.authority.changes import activate, changed
from tests.serving.operations.authority.people import (
    ADMINISTRATOR,
    ANALYST,
    NOBODY,
    REQUEST,
    bodies,
)

from interlock.errors import BadInput, GuardFailed, NotPermitted, Tampered, Unanswered
from interlock.runtime.policy.engine.archive import pack
from interlock.runtime.policy.engine.bundle import load
from interlock.runtime.record.events import HOME
from interlock.runtime.record.store import Tx, tables
from interlock.serving import desk as desks
from interlock.serving.home import Home, opened
from interlock.serving.operations import kill_switches, runs
from interlock.serving.policy.build import PERMISSIVE
from interlock.serving.policy.in_force import in_force
from interlock.serving.settings import BUNDLE


async def test_a_policy_does_not_decide_about_its_own_activation(
    tmp_path: Path,
) -> None:
    """The policy in force decides who may replace it, whatever the new one grants or takes away,
    and the record has both revisions.
    """
    old = load(BUNDLE).revision
    grants = "grants:\n  everyone: [policy.activate]\n  administrator: [run.repin]\n"
    async with opened(await changed(tmp_path, grants)) as home:
        with pytest.raises(NotPermitted):
            await activate(home, NOBODY)
        with pytest.raises(NotPermitted):
            await runs.start(
                home, person=ANALYST, agent="contract_review", request=REQUEST
            )
        assert await activate(home, ADMINISTRATOR) == old
        run = await runs.start(
            home, person=ANALYST, agent="contract_review", request=REQUEST
        )
        decided = [
            (body["effect"], body["revision"])
            for body in await bodies(home)
            if body.get("tool") == "policy.activate"
        ]
        activations = [
            (body["previous"], body["revision"])
            for body in await bodies(home)
            if body["event"] == "policy_activated"
        ]

    new = home.bundle.revision
    assert run.revision == new != old
    assert decided == [("deny", old), ("deny", old), ("permit", old)]
    assert activations == [("", old), (old, new)]


async def test_a_policy_that_nobody_could_replace_is_not_activated(
    tmp_path: Path,
) -> None:
    """A policy that grants nobody to activate another one would stay for good, so it is refused."""
    grants = "grants: {administrator: [run.repin]}\n"
    async with desks.opened(await changed(tmp_path, grants)) as desk:
        with pytest.raises(BadInput):
            await activate(desk, ADMINISTRATOR)

        assert await desk.policy.revision() == load(BUNDLE).revision


async def test_a_policy_that_nobody_activated_decides_no_act(tmp_path: Path) -> None:
    """What a policy on disk grants counts from its activation on, for acts that start no run too;
    so does what it takes away, and damage to it keeps nobody from what is granted now.
    """
    grants = "grants: {everyone: [kill_switch.engage, kill_switch.release]}\n"
    settings = await changed(tmp_path, grants)
    async with desks.opened(settings) as desk:
        with pytest.raises(NotPermitted):
            await kill_switches.release(desk, "all", "", person=NOBODY)
        await activate(desk, ADMINISTRATOR)
        await kill_switches.release(desk, "all", "", person=NOBODY)

    (tmp_path / "policies" / "data.yaml").write_text("grants: 7\n", "utf-8")
    async with desks.opened(settings) as desk:
        await kill_switches.release(desk, "all", "", person=NOBODY)
        with pytest.raises(GuardFailed):
            await activate(desk, ADMINISTRATOR)


async def test_the_first_answer_puts_its_policy_in_force(home: Home) -> None:
    """A new home has its policy in force from its first act on, a refused one too, so that nobody
    can exchange the policy before the first run.
    """
    with pytest.raises(NotPermitted):
        await kill_switches.release(home.desk, "all", "", person=NOBODY)

    assert await home.runtime.policy.revision() == home.bundle.revision


@pytest.mark.parametrize("damage", ["missing", "another"])
async def test_a_kept_policy_that_cannot_be_used_permits_nothing(
    tmp_path: Path, damage: str
) -> None:
    """While the policy in force is not what its revision says, acts are denied and stops are made;
    whoever configures that very policy again activates it, and can go on.
    """
    settings = await changed(tmp_path, "limits: {refusals: 4}\n")

    def spoil(tx: Tx) -> None:
        archive = pack(load(PERMISSIVE.with_suffix(".tar.gz")).files)
        spoilt = {"missing": delete(tables.policy)}
        another = update(tables.policy).values(archive=archive)
        tx.connection.execute(spoilt.get(damage, another))

    async with desks.opened(settings) as desk:
        await desk.storage.store.write(spoil, logs=(HOME,))
    async with desks.opened(settings) as desk:
        with pytest.raises(Unanswered):
            await activate(desk, ADMINISTRATOR)
        await kill_switches.engage(desk, "all", "", person=NOBODY)

    async with desks.opened(settings.model_copy(update={"policies": None})) as desk:
        await activate(desk, NOBODY)
    async with desks.opened(settings) as desk:
        assert await activate(desk, ADMINISTRATOR) == load(BUNDLE).revision


@pytest.mark.parametrize("change", ["named", "hidden"])
async def test_rows_put_no_policy_in_force(tmp_path: Path, change: str) -> None:
    """Under a living process, whoever writes to the database neither names another policy as the
    one in force nor takes the newest away: nobody gets a right by either.
    """
    grants = "grants:\n  everyone: [policy.activate, kill_switch.release]\n"
    settings = await changed(tmp_path, grants)
    bundle = in_force(settings)
    entry = update(tables.ledger_entry).where(
        tables.ledger_entry.c.event == "policy_activated"
    )
    body = json.dumps({"revision": bundle.revision}).encode()
    changes: dict[str, dict[str, Any]] = {
        "named": {"body": body},
        "hidden": {"event": "other"},
    }
    row = {"revision": bundle.revision, "archive": pack(bundle.files)}
    async with desks.opened(settings) as desk:

        def forge(tx: Tx) -> None:
            tx.connection.execute(entry.values(changes[change]))
            tx.connection.execute(insert(tables.policy).values(row))

        await desk.storage.store.write(forge, logs=(HOME,))
        with pytest.raises((Unanswered, Tampered)):
            await kill_switches.release(desk, "all", "", person=NOBODY)
        with pytest.raises((Unanswered, Tampered)):
            await activate(desk, NOBODY)


async def test_a_policy_is_activated_after_the_one_that_decided(home: Home) -> None:
    """A permit counts for the policy in force when it was asked for, and not after another one was
    activated meanwhile.
    """
    policy = home.runtime.policy
    with pytest.raises(BadInput) as refusal:
        await policy.activate(after="another")

    assert refusal.value.code == "another_in_force"
