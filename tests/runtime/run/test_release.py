"""Artefacts, releases and promotions: what is named by a digest is that, or nothing runs by it."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, update

from interlock.runtime.canonical import canonical
from interlock.runtime.errors import BadInput, Tampered
from interlock.runtime.policy.engine.archive import pack
from interlock.runtime.policy.engine.bundle import Bundle, load
from interlock.runtime.record.events import HOME
from interlock.runtime.record.store import tables
from interlock.runtime.run import activation, artefact, promotion, release
from interlock.runtime.run.artefact import Artefact
from interlock.runtime.run.release import Manifest
from interlock.runtime.run.unreleased import ReleaseUnusable
from interlock.runtime.testing import World, tampering
from interlock.serving.policy.build import BUNDLES, PERMISSIVE, POLICIES

OURS = load(BUNDLES[POLICIES])
THEIRS = load(BUNDLES[PERMISSIVE])


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A world on either database."""
    async with World(tmp_path, url=database_url) as world:
        yield world


async def kept(world: World, *those: Artefact) -> None:
    """Keep artefacts."""

    def work(tx: Any) -> None:
        for one in those:
            artefact.keep(tx, one)

    await world.store.write(work, logs=(HOME,))


async def made(
    world: World,
    bundle: Bundle = OURS,
    *,
    weights: Mapping[str, Mapping[str, int]] | None = None,
) -> str:
    """Make a release of a policy and a prompt, and return its digest."""
    policy = Artefact(kind="policy", content=pack(bundle.files))
    prompt = Artefact(kind="prompt", content=b"{}")
    await kept(world, policy, prompt)
    manifest = Manifest(
        parts={"policy": policy.digest, "prompt": prompt.digest},
        revision=bundle.revision,
        weights=weights or {},
    )
    await world.store.write(
        lambda tx: release.keep(tx, world.vault, manifest, by="ann"), logs=(HOME,)
    )
    return manifest.digest


async def turned(
    world: World, name: str, *, after: str = "", how: Any = "promoted"
) -> None:
    """Put a release in force."""
    await world.store.write(
        lambda tx: promotion.turn(
            tx, world.vault, name, how=how, after=after, by="rita"
        ),
        logs=(HOME,),
    )


async def in_force(world: World) -> tuple[str, str]:
    """Return the release and the policy in force."""

    def look(connection: Connection) -> tuple[str, str]:
        return (
            promotion.newest(connection, world.vault).release,
            activation.newest(connection, world.vault).revision,
        )

    return await world.store.read(look)


async def test_the_same_artefact_is_kept_once(world: World) -> None:
    """Adding twice is one, and a changed thing is another artefact of another digest."""
    one = Artefact(kind="dataset", content=b"a")
    other = Artefact(kind="dataset", content=b"b")
    await kept(world, one, one, other, one)

    those = await world.store.read(artefact.every)
    assert sorted(kept.digest for kept in those) == sorted({one.digest, other.digest})
    read = await world.store.read(
        lambda look: artefact.read(look, "dataset", one.digest)
    )
    assert read == one


async def test_what_a_release_names_is_not_pruned(world: World) -> None:
    """Pruning deletes what no release names and nothing else."""
    name = await made(world)
    spare = Artefact(kind="dataset", content=b"spare")
    await kept(world, spare)
    pruned = await world.store.write(
        lambda tx: release.prune(tx, world.vault), logs=(HOME,)
    )

    assert [one.digest for one in pruned] == [spare.digest]
    await world.store.read(lambda look: release.read(look, world.vault, name))


async def test_nothing_is_pruned_while_a_manifest_cannot_be_read(world: World) -> None:
    """An altered manifest hides no name: pruning stops and deletes nothing."""
    await made(world)
    await kept(world, Artefact(kind="dataset", content=b"spare"))
    with tampering(world.store) as connection:
        connection.execute(update(tables.release).values(manifest=b"{}"))

    with pytest.raises(ReleaseUnusable):
        await world.store.write(lambda tx: release.prune(tx, world.vault), logs=(HOME,))
    assert len(await world.store.read(artefact.every)) == 3


async def test_the_same_release_is_made_once(world: World) -> None:
    """The same manifest is the same release: one entry says that it was made, and by whom."""
    assert await made(world) == await made(world)
    entries = [entry["event"] for entry in await world.entries()]
    assert entries.count("release_made") == 1
    assert await made(world, weights={"planner": {"a": 1}}) != await made(world)


async def test_a_release_of_what_is_not_kept_is_refused(world: World) -> None:
    """A manifest names artefacts that are there."""
    manifest = Manifest(parts={"policy": "0" * 64}, revision="0" * 64)
    with pytest.raises(ReleaseUnusable) as refusal:
        await world.store.write(
            lambda tx: release.keep(tx, world.vault, manifest, by="ann"), logs=(HOME,)
        )
    assert refusal.value.code == "artefact_missing"


ALTERED = {
    "release_missing": delete(tables.release),
    "release_unsigned": update(tables.release).values(signature=b""),
    "release_altered": update(tables.release).values(signature=bytes(64)),
    "artefact_missing": delete(tables.artefact).where(
        tables.artefact.c.kind == "prompt"
    ),
    "artefact_altered": update(tables.artefact)
    .where(tables.artefact.c.kind == "prompt")
    .values(content=b"[]"),
}


@pytest.mark.parametrize("code", ALTERED)
async def test_what_is_not_as_signed_is_not_promoted(world: World, code: str) -> None:
    """A release that is gone, unsigned or altered, or whose artefact is, is refused by its code,
    and what was in force stays.
    """
    name = await made(world)
    with tampering(world.store) as connection:
        connection.execute(ALTERED[code])

    with pytest.raises(ReleaseUnusable) as refusal:
        await turned(world, name)
    assert refusal.value.code == code
    assert await in_force(world) == ("", "")


@pytest.mark.parametrize("column", ["manifest", "sealed"])
async def test_a_changed_row_is_no_release(world: World, column: str) -> None:
    """Neither what a release is nor who made it can be changed unseen."""
    name = await made(world)
    other = Manifest(parts={}, revision="0" * 64)
    with tampering(world.store) as connection:
        changed = {column: canonical(other.document)}
        connection.execute(update(tables.release).values(changed))

    with pytest.raises(ReleaseUnusable) as refusal:
        await world.store.read(lambda look: release.read(look, world.vault, name))
    assert refusal.value.code == "release_altered"


async def test_the_policy_comes_and_goes_with_the_release(world: World) -> None:
    """A promotion and a way back put release and policy in force together, each in one commit."""
    first, second = await made(world), await made(world, THEIRS)
    await turned(world, first)
    assert await in_force(world) == (first, OURS.revision)
    await turned(world, second, after=first)
    assert await in_force(world) == (second, THEIRS.revision)
    await turned(world, first, after=second, how="rolled_back")

    assert await in_force(world) == (first, OURS.revision)
    told = await world.store.read(lambda look: promotion.history(look, world.vault))
    assert [(turn.release, turn.previous, turn.how, turn.by) for turn in told] == [
        (first, second, "rolled_back", "rita"),
        (second, first, "promoted", "rita"),
        (first, "", "promoted", "rita"),
    ]
    assert (await world.verify()).problems == []


async def test_what_was_decided_about_another_release_is_refused(world: World) -> None:
    """A change that was decided while another release was in force changes nothing."""
    first, second = await made(world), await made(world, THEIRS)
    await turned(world, first)
    with pytest.raises(BadInput) as refusal:
        await turned(world, second, after="")
    assert refusal.value.code == "another_in_force"
    assert await in_force(world) == (first, OURS.revision)


async def test_a_way_back_leads_to_what_was_in_force(world: World) -> None:
    """A rollback takes fewer people than a promotion, so it brings nothing new."""
    first, second = await made(world), await made(world, THEIRS)
    await turned(world, first)
    with pytest.raises(BadInput) as refusal:
        await turned(world, second, after=first, how="rolled_back")
    assert refusal.value.code == "never_in_force"


async def test_an_entry_that_was_changed_puts_no_release_in_force(world: World) -> None:
    """Whoever can write to the database cannot say which release is in force."""
    first, second = await made(world), await made(world, THEIRS)
    await turned(world, first)
    entries = tables.ledger_entry
    body = canonical({"release": second, "previous": "", "how": "promoted", "at": 1})
    with tampering(world.store) as connection:
        changed = update(entries).where(entries.c.event == "release_turned")
        connection.execute(changed.values(body=body))

    with pytest.raises(Tampered, match="release_turned"):
        await world.store.read(lambda look: promotion.newest(look, world.vault))
