"""What stays out of the record: no person and no content in the clear, in the ledger or anywhere in
the database.
"""

from pathlib import Path

import pytest

from interlock.runtime.door.outcome import Waiting
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.store import Tx
from interlock.runtime.run import erasure
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.run.run import NewRun
from interlock.runtime.testing import PLENTY, REVISION, Effects, StaticPoint, World

#: One canary for each way in
CANARIES = {
    name: f"canary-{name}-4b1d"
    for name in (
        "principal",
        "person",
        "role",
        "request",
        "argument",
        "call",
        "tool",
        "invalid",
        "reviewer",
        "reviewer-role",
        "note",
        "outcome",
        "switch",
        "cancel",
    )
}


async def lived(folder: Path) -> None:
    """Let every canary in, through every door there is."""
    c, effects = CANARIES, Effects()
    pdp = StaticPoint(
        effects={"note.write": "permit", "note.wait": "permit"},
        waiting=frozenset({"note.wait"}),
    )
    async with World(
        folder, tools=[effects.tool("note.write"), effects.tool("note.wait")], pdp=pdp
    ) as world:
        principal = Principal(
            id=c["principal"],
            tenant="default",
            roles=(c["role"],),
            on_behalf_of=c["person"],
        )
        proposal = NewRun(
            agent="test",
            principal=principal,
            request={"to": c["request"]},
            limits=PLENTY,
            autonomy=2,
            revision=REVISION,
            intent=None,
        )
        run = await world.runs.start(proposal)

        async def propose(tool: str, text: object) -> object:
            return await world.pep.enforce(
                run, tool=tool, arguments={"text": text}, call_id=c["call"]
            )

        await propose("note.write", c["argument"])
        await propose("note.write", [c["invalid"]])
        await propose(c["tool"], c["argument"])
        waiting = await propose("note.wait", c["argument"])
        assert isinstance(waiting, Waiting)
        reviewer = Principal(
            id=c["reviewer"], tenant="default", roles=("reviewer", c["reviewer-role"])
        )
        shown = (await world.approvals.read(waiting.approval_id)).evidence_digest
        await world.approvals.decide(
            waiting.approval_id,
            reviewer=reviewer,
            verdict="approved",
            shown=shown,
            note=c["note"],
        )
        await propose("note.wait", c["argument"])
        await KillSwitches(world.store).engage("run", run.id, by=c["switch"])
        await world.runs.end(run, "done", {"said": c["outcome"]})
        await world.runs.cancel((await world.start()).id, by=c["cancel"])
        assert effects.done == [c["argument"]] * 2
        assert (await world.verify()).problems == []


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    await lived(tmp_path / "home")
    return tmp_path / "home"


async def test_no_ledger_body_holds_a_person_or_content(home: Path) -> None:
    """Names, arguments, notes, tool names that are made up: none of it is in any body of the
    ledger.
    """
    async with World(home) as world:
        bodies = "".join(str(each) for each in await world.entries())

    assert bodies.count("'event'") >= 10
    assert [name for name, canary in CANARIES.items() if canary in bodies] == []


async def test_no_file_of_the_home_holds_a_person_or_content(home: Path) -> None:
    """The database, its log, the witness and the keys hold none of it in the clear."""
    files = [each for each in home.rglob("*") if each.is_file()]
    raw = b"".join(each.read_bytes() for each in files)

    assert any(each.name == "interlock.db" for each in files)
    assert [name for name, canary in CANARIES.items() if canary.encode() in raw] == []


async def test_an_erased_run_is_unreadable_and_the_ledger_still_verifies(
    home: Path,
) -> None:
    """Destroying a run's key leaves its entries verifiable and everything it held closed
    for good.
    """
    async with World(home) as world:
        (run_id,) = {
            each["run"] for each in await world.entries() if each["event"] == "approval"
        }

        def erase(tx: Tx) -> None:
            erasure.erase(tx, world.vault, run_id=run_id, tenant="default", by="ada")

        await world.store.write(erase, logs=("default",))
        with pytest.raises(BadInput) as refused:
            await world.runs.read(run_id)
        assert refused.value.code == "erased"
        assert (await world.verify()).problems == []
    async with World(home) as world:
        with pytest.raises(BadInput) as refused:
            await world.runs.read(run_id)
        assert refused.value.code == "erased"


async def test_commitments_of_two_runs_cannot_be_compared(tmp_path: Path) -> None:
    """The same request in two runs gives different commitments: nobody learns from the bodies that
    it was the same.
    """
    effects = Effects()
    async with World(tmp_path, tools=[effects.tool("note.write")]) as world:
        for _ in range(2):
            await world.pep.enforce(
                await world.start(),
                tool="note.write",
                arguments={"text": "a"},
                call_id="1",
            )
        first, second = (
            each for each in await world.entries() if each["event"] == "intent"
        )

    assert first["bind"] != second["bind"]
    assert first["payload"] != second["payload"]
