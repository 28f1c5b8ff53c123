"""Releases of a home: two people put one in force, and a run keeps to its own."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update

from interlock.runtime.errors import BadInput, GuardFailed, NotPermitted
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.audit import entries
from interlock.runtime.record.store import tables
from interlock.runtime.run import artefact, subject
from interlock.runtime.run.measured import parts_digest
from interlock.runtime.run.unreleased import AnotherRelease, ReleaseUnusable
from interlock.runtime.testing import tampering
from interlock.serving import releases as kept
from interlock.serving.home import Home, opened
from interlock.serving.models.entry import ModelEntry
from interlock.serving.operations import policies, releases, runs
from interlock.serving.workspace import open_workspace

ANALYST = Principal(id="ana", tenant="default", roles=("analyst", "administrator"))
REVIEWER = Principal(id="rhea", tenant="default", roles=("reviewer",))
ADMINISTRATOR = Principal(id="ada", tenant="default", roles=("administrator",))
CONTRACTS = Path(__file__).resolve().parents[3] / "evals" / "data" / "contracts"
REQUEST = {"path": str(CONTRACTS / "opera-service-agreement.pdf"), "notify": []}
NOTE = "read and agreed"


@asynccontextmanager
async def home(
    folder: Path, *, candidate: bool = False, **chosen: Any
) -> AsyncIterator[Home]:
    """Open the home in *folder*, with settings of its own."""
    settings = open_workspace({}, chosen={"home": str(folder), **chosen}).settings
    async with opened(settings, candidate=candidate) as home:
        yield home


async def created(home: Home, **more: Any) -> str:
    """Make a release of the home, by the analyst."""
    manifest = await releases.create(home, person=ANALYST, **({"weights": {}} | more))
    return manifest.digest


async def promoted(
    home: Home, name: str, *, person: Principal = REVIEWER
) -> releases.Turned:
    """Put a release in force."""
    return await releases.promote(home.desk, name, person=person, note=NOTE)


async def rolled_back(home: Home, name: str = "") -> releases.Turned:
    """Put a release in force again."""
    return await releases.roll_back(home.desk, name, person=ADMINISTRATOR, note=NOTE)


async def started(home: Home) -> Any:
    """Start a review of a contract, by the analyst."""
    return await runs.start(
        home, person=ANALYST, agent="contract_review", request=REQUEST
    )


async def test_it_takes_two_people(home_folder: Path) -> None:
    """Whoever made a release does not put it in force, whatever the roles; another person does,
    with a reason, and the ledger has who.
    """
    async with home(home_folder) as here:
        name = await created(here)
        with pytest.raises(NotPermitted) as own:
            await promoted(here, name, person=ANALYST)
        with pytest.raises(NotPermitted) as silent:
            await releases.promote(here.desk, name, person=REVIEWER, note="")
        turned = await promoted(here, name)
        told = await entries(here.store, here.vault)

    assert own.value.codes == ("own_request",)
    assert silent.value.codes == ("note_missing",)
    assert (turned.release, turned.previous) == (name, "")
    [change] = [entry for entry in told if entry["body"]["event"] == "release_turned"]
    assert change["body"]["release"] == name
    assert change["payload"]["by"] == "rhea"


async def test_a_run_names_the_release_it_began_under(home_folder: Path) -> None:
    """Before any release a run names none; under one it names that, in its row, in the ledger and
    in what people see, and keeps it while another with the same parts is promoted.
    """
    async with home(home_folder) as here:
        free = await started(here)
        first = await created(here)
        await promoted(here, first)
        run = await started(here)
        await promoted(here, await created(here, weights={"planner": {"a": 1}}))
        ended = await here.drive(run)
        after = await here.runs.read(run.id)
        told = [entry["body"] for entry in await entries(here.store, here.vault)]

    assert (free.release, run.release, after.release) == ("", first, first)
    assert ended.status == "done"
    begun = [body["release"] for body in told if body["event"] == "run_started"]
    assert begun == ["", first]


async def test_what_two_people_agreed_to_is_what_runs(
    home_folder: Path, tmp_path: Path
) -> None:
    """Policy, playbooks and model are those of the release, whatever the workspace says now; a way
    back brings all of them back at once.
    """
    overlay = tmp_path / "policies"
    overlay.mkdir()
    (overlay / "data.yaml").write_text("limits: {refusals: 4}\n", "utf-8")
    books = tmp_path / "books"
    books.mkdir()
    shipped = Path("tools/contracts/risk/playbooks")
    text = next(shipped.glob("*.yaml")).read_text("utf-8")
    (books / "ours.yaml").write_text(text, "utf-8")
    changed: dict[str, Any] = {"policies": str(overlay), "playbooks": str(books)}

    async with home(home_folder) as here:
        first, revision = await created(here), here.bundle.revision
        await promoted(here, first)
    async with home(home_folder, candidate=True, **changed) as wanted:
        second, newer = await created(wanted), wanted.bundle.revision
    async with home(home_folder, **changed) as here:
        assert here.bundle.revision == revision
        assert "ours" not in here.playbooks.names
        await promoted(here, second)
    (books / "ours.yaml").unlink()
    async with home(home_folder) as here:
        assert here.bundle.revision == newer
        assert "ours" in here.playbooks.names
        assert await here.runtime.policy.revision() == newer
        assert (await started(here)).release == second
        await rolled_back(here)
    async with home(home_folder, **changed) as here:
        assert here.bundle.revision == revision
        assert "ours" not in here.playbooks.names
        assert await here.runtime.policy.revision() == revision
        assert (await started(here)).release == first


async def test_a_release_keeps_its_model_and_holds_no_key(
    home_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the workspace says later moves no model of the release in force, and the release names
    the variable of the key, not the key.
    """
    monkeypatch.setenv("PLANNER_KEY", "s3cret")
    planner = {"url": "http://127.0.0.1:9/v1", "name": "m"}
    model = ModelEntry.model_validate(planner | {"key_variable": "PLANNER_KEY"})

    async with with_model(home_folder, model) as here:
        name = await created(here)
        await promoted(here, name)
        parts = (await kept.read(here.runtime.storage, name)).manifest.parts
        part = await here.runtime.storage.store.read(
            lambda connection: artefact.read(connection, "model", parts["model"])
        )
    moved = model.model_copy(update={"url": "http://127.0.0.1:10/v1"})
    async with with_model(home_folder, moved) as here:
        there = here.settings.model

    assert there == model
    assert b"PLANNER_KEY" in part.content
    assert b"s3cret" not in part.content


@asynccontextmanager
async def with_model(folder: Path, model: ModelEntry) -> AsyncIterator[Home]:
    """Open a home whose workspace names the model."""
    settings = open_workspace({}, chosen={"home": str(folder)}).settings
    async with opened(settings.model_copy(update={"model": model})) as home:
        yield home


async def test_a_process_of_another_release_begins_nothing(
    home_folder: Path, tmp_path: Path
) -> None:
    """A process that has other parts than the release in force starts no run and puts no policy in
    force: it is to be started anew.
    """
    overlay = tmp_path / "policies"
    overlay.mkdir()
    (overlay / "data.yaml").write_text("limits: {refusals: 4}\n", "utf-8")
    async with home(home_folder, policies=str(overlay)) as older:
        await started(older)
        async with home(home_folder, candidate=True) as newer:
            name = await created(newer)
        await promoted(older, name)
        with pytest.raises(AnotherRelease) as refusal:
            await older.runtime.start("contract_review", REQUEST, principal=ANALYST)
        with pytest.raises(BadInput) as beside:
            await policies.activate(
                older.runtime.policy, older.runtime.acts, person=ADMINISTRATOR
            )

    assert refusal.value.code == "another_policy"
    assert beside.value.code == "release_in_force"


SPOILT = {
    "release_missing": delete(tables.release),
    "release_altered": update(tables.release).values(signature=bytes(64)),
    "artefact_missing": delete(tables.artefact).where(
        tables.artefact.c.kind == "dataset"
    ),
}


@pytest.mark.parametrize("code", SPOILT)
async def test_a_run_of_a_spoilt_release_is_held(home_folder: Path, code: str) -> None:
    """A run whose release is gone or does not verify does nothing, and none begins under it."""
    async with home(home_folder) as here:
        await promoted(here, await created(here))
        run = await started(here)
        with tampering(here.store) as connection:
            connection.execute(SPOILT[code])
        ended = await here.drive(run)
        with pytest.raises(ReleaseUnusable) as resumed:
            await here.runtime.resume(run.id)
        with pytest.raises(ReleaseUnusable) as begun:
            await started(here)
        told = [
            entry["body"]["event"] for entry in await entries(here.store, here.vault)
        ]

    assert ended.status == "held"
    assert (resumed.value.code, begun.value.code) == (code, code)
    assert not {"intent", "step", "decision"} & set(told)


async def test_suites_that_the_policy_names_must_have_held(
    home_folder: Path, tmp_path: Path
) -> None:
    """Where the policy names a suite, a release is promoted once its newest recorded measurement
    held: one of another release, policy or part counts for nothing, and a later one that failed
    takes it back.
    """
    overlay = tmp_path / "policies"
    overlay.mkdir()
    rules = {"acts": {"release.promote": {"measured": ["contracts"]}}}
    (overlay / "data.yaml").write_text(json.dumps(rules), "utf-8")
    codes: list[tuple[str, ...]] = []
    async with home(home_folder, policies=str(overlay)) as here:
        name = await created(here)
        other = await created(here, weights={"planner": {"a": 1}})
        await recorded(here, name, held=True, measured="another policy")
        with pytest.raises(NotPermitted) as refusal:
            await promoted(here, name)
        parts = {**here.runtime.releases.parts, "prompt": "another"}
        await recorded(here, name, held=True, parts=parts_digest(parts))
        with pytest.raises(NotPermitted) as part:
            await promoted(here, name)
        for release, held in ((other, True), (name, True), (name, False)):
            await recorded(here, release, held=held)
            try:
                await promoted(here, name)
                codes.append(())
            except NotPermitted as error:
                codes.append(error.codes)
            if not codes[-1]:
                await promoted(here, other)

    assert refusal.value.codes == part.value.codes == ("not_measured",)
    assert codes == [("not_measured",), (), ("not_measured",)]


async def recorded(
    home: Home, release: str, *, held: bool, measured: str = "", parts: str = ""
) -> None:
    """Record a measurement of the suite `contracts`."""

    async def nothing() -> None:
        """Do nothing besides."""

    await home.runtime.acts.perform(
        "eval.record",
        nothing,
        person=ANALYST,
        arguments={
            "suite": "contracts",
            "measured": measured or home.bundle.revision,
            "digest": "",
            "held": held,
            "rates": {},
            "release": release,
            "parts": parts or parts_digest(home.runtime.releases.parts),
        },
        look=subject.tenant("evaluation", "contracts"),
    )


async def test_a_damaged_release_is_left_behind(home_folder: Path) -> None:
    """While the release in force does not verify the home does not open; a person at the desk rolls
    back to one that does.
    """
    async with home(home_folder) as here:
        first = await created(here)
        await promoted(here, first)
        second = await created(here, weights={"planner": {"a": 1}})
        await promoted(here, second)
        with tampering(here.store) as connection:
            spoilt = update(tables.release).where(tables.release.c.digest == second)
            connection.execute(spoilt.values(signature=b""))
    with pytest.raises(GuardFailed):
        async with home(home_folder):
            pass
    async with home(home_folder, candidate=True) as here:
        await rolled_back(here)
    async with home(home_folder) as here:
        assert (await started(here)).release == first


async def test_a_release_divides_the_runs_among_models(home_folder: Path) -> None:
    """A run asks the model that its release gives the weight, whatever the settings say; where a
    release says nothing, the settings hold.
    """
    asked: dict[str, set[str]] = {}
    told_of: tuple[dict[str, dict[str, int]], ...] = (
        {},
        {"planner": {"a": 1}},
        {"planner": {"b": 1}},
    )
    for weights in told_of:
        async with twin_models(home_folder) as here:
            name = await created(here, weights=weights)
            if (await here.runtime.releases.in_force()) != name:
                await promoted(here, name)
        async with twin_models(home_folder) as here:
            run = await started(here)
            await here.drive(run)
            told = await entries(here.store, here.vault)
        asked[str(weights)] = {
            entry["payload"]["resource"]["id"]
            for entry in told
            if entry["body"].get("tool") == "model.generate"
            and entry["body"]["run"] == run.id
            and "resource" in (entry["payload"] or {})
        }

    assert asked["{'planner': {'a': 1}}"] == {"planner/a"}
    assert asked["{'planner': {'b': 1}}"] == {"planner/b"}
    assert asked["{}"] == {"planner/b"}


@asynccontextmanager
async def twin_models(folder: Path) -> AsyncIterator[Home]:
    """Open a home with two planners, of which the settings give everything to the second."""
    settings = open_workspace({}, chosen={"home": str(folder)}).settings
    models = {
        "planner": {
            "a": ModelEntry.model_validate({"embedded": True, "weight": 0}),
            "b": ModelEntry.model_validate({"embedded": True}),
        }
    }
    async with opened(settings.model_copy(update={"models": models})) as home:
        yield home


@pytest.fixture
def home_folder(tmp_path: Path) -> Path:
    """The folder of a new home."""
    return tmp_path / "home"
