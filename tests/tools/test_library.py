"""The library: a document read once is the same text for ever, sealed at rest."""

from pathlib import Path

import pytest
from sqlalchemy import select, update

from interlock.runtime.door.outcome import Done, Failed
from interlock.runtime.door.tool import ToolFailed
from interlock.runtime.errors import NotFound, Tampered
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.store import tables
from interlock.runtime.run.run import NewRun, Run
from interlock.runtime.testing import PLENTY, FixedClock, World
from interlock.tools.documents import DocumentReader
from interlock.tools.documents.reader import File
from interlock.tools.library import DocumentFacts, Library, document_tools

CANARY = "canary-7f3a of the Agreement \u2013 caf\u00e9 \U0001f600"


def shelf(world: World) -> Library:
    """Return a library over the world's store, its tool behind the world's door."""
    library = Library(store=world.store, vault=world.vault)
    (read,) = document_tools(reader=DocumentReader(), library=library)
    world.add(read)
    world.pdp.effects[read.name] = "permit"  # type: ignore[attr-defined]  # the table of this world's twin
    return library


async def read(world: World, path: Path, *, run: Run | None = None) -> Done | Failed:
    """Read a file through the door, in a run of its own where none is given, and wait until that is
    durable.
    """
    run = run or await world.start()
    outcome = await world.pep.enforce(
        run, tool="document.read", arguments={"path": str(path)}, call_id="1"
    )
    await world.store.durable(run.claim)
    assert isinstance(outcome, Done | Failed)
    return outcome


async def test_a_run_reads_what_was_submitted_for_it_and_nothing_else(
    tmp_path: Path,
) -> None:
    """A path beside the one that was submitted is refused, also when a file is there."""
    other = tmp_path / "other.txt"
    other.write_text(CANARY, "utf-8")
    submitted = File(path=tmp_path / "contract.txt", data=CANARY.encode())
    async with World(tmp_path / "w") as world:
        library = shelf(world)
        run = await world.start()
        await world.store.write(
            lambda tx: library.submit(tx, submitted, run_id=run.id, tenant=run.tenant),
            logs=(run.tenant,),
        )
        outcome = await read(world, other, run=run)

    assert isinstance(outcome, Failed)
    assert outcome.code == "not_submitted"


async def test_a_text_survives_a_restart(tmp_path: Path) -> None:
    """What was read is there word for word when the home is opened again, even when the file is
    gone.
    """
    file = tmp_path / "contract.txt"
    file.write_text(CANARY, "utf-8")
    async with World(tmp_path / "w") as world:
        shelf(world)
        outcome = await read(world, file)
    file.unlink()
    assert isinstance(outcome, Done)
    facts = outcome.value
    assert isinstance(facts, DocumentFacts)
    async with World(tmp_path / "w") as again:
        document = await shelf(again).document(facts.digest)

    assert document.text == CANARY
    assert (facts.chars, facts.pages, facts.name) == (len(CANARY), 0, "contract.txt")


async def test_a_text_is_sealed(tmp_path: Path) -> None:
    """No file of the home holds the text, the name or the path of a document in the clear."""
    file = tmp_path / "canary-name.txt"
    file.write_text(CANARY, "utf-8")
    async with World(tmp_path / "w") as world:
        shelf(world)
        await read(world, file)
        files = [path for path in (tmp_path / "w").rglob("*") if path.is_file()]
        held = [
            path.name
            for path in files
            for word in (b"canary-7f3a", b"canary-name")
            if word in path.read_bytes()
        ]

    assert any(path.name == "interlock.db" for path in files)
    assert held == []


async def test_what_was_never_read_is_not_there(tmp_path: Path) -> None:
    """A digest that this home never read is not found."""
    async with World(tmp_path / "w") as world:
        with pytest.raises(NotFound, match="sha256:nowhere"):
            await shelf(world).document("sha256:nowhere")


async def test_what_another_run_read_is_not_read(tmp_path: Path) -> None:
    """A run that has not read a document does not get its text, though the home has it and the run
    knows its digest.
    """
    file = tmp_path / "contract.txt"
    file.write_text(CANARY, "utf-8")
    async with World(tmp_path / "w") as world:
        library, mine, other = shelf(world), await world.start(), await world.start()
        outcome = await read(world, file, run=mine)
        assert isinstance(outcome, Done)
        digest = outcome.value.digest  # type: ignore[attr-defined]  # the value of `document.read`

        assert (await library.reading(digest, run_id=mine.id)).document.text == CANARY
        with pytest.raises(ToolFailed, match="not_read"):
            await library.reading(digest, run_id=other.id)


@pytest.mark.parametrize("erased", [0, 1], ids=["first", "second"])
async def test_erasing_a_run_leaves_the_others_whole(
    tmp_path: Path, erased: int
) -> None:
    """Two runs of one document hold it each for itself: whichever is erased, the other and the
    digest still give the text.
    """
    file = tmp_path / "contract.txt"
    file.write_text(CANARY, "utf-8")
    async with World(tmp_path / "w") as world:
        library, runs = shelf(world), [await world.start(), await world.start()]
        (digest,) = {(await read(world, file, run=run)).value.digest for run in runs}  # type: ignore[union-attr]  # both done
        for run in runs:
            await world.runs.end(run, "done", {})
        await world.runs.erase(runs[erased].id, by="ada")

        assert (await library.document(digest)).text == CANARY
        assert (
            await library.reading(digest, run_id=runs[1 - erased].id)
        ).document.text == CANARY
        with pytest.raises(ToolFailed, match="not_read"):
            await library.reading(digest, run_id=runs[erased].id)
        await world.runs.erase(runs[1 - erased].id, by="ada")
        with pytest.raises(NotFound):
            await library.document(digest)


async def test_a_reading_is_the_first_one(tmp_path: Path) -> None:
    """A document that a run reads twice, under two names, is the one it read first, at that time
    and under its revision.
    """
    for name in ("first.txt", "second.txt"):
        (tmp_path / name).write_text(CANARY, "utf-8")
    clock = FixedClock()
    async with World(tmp_path / "w", clock=clock) as world:
        library, run, began = shelf(world), await world.start(), int(clock.now)
        for name in ("first.txt", "second.txt"):
            outcome = await world.pep.enforce(
                run,
                tool="document.read",
                arguments={"path": str(tmp_path / name)},
                call_id=name,
            )
            await world.store.durable(run.claim)
            clock.advance(60)
        assert isinstance(outcome, Done)
        reading = await library.reading(outcome.value.digest, run_id=run.id)  # type: ignore[attr-defined]  # of `document.read`

    assert (reading.document.name, reading.at) == ("first.txt", began)
    assert (reading.run_id, reading.revision) == (run.id, run.revision)


async def test_a_document_is_of_its_runs_tenant(tmp_path: Path) -> None:
    """What a run reads is filed under the tenant the run was started for."""
    file = tmp_path / "contract.txt"
    file.write_text(CANARY, "utf-8")
    async with World(tmp_path / "w") as world:
        shelf(world)
        for tenant in ("acme", "other"):
            await read(world, file, run=await started(world, tenant=tenant))
        kept = await world.store.read(
            lambda connection: connection.execute(
                select(tables.record.c.tenant, tables.run.c.tenant).join(
                    tables.run, tables.run.c.id == tables.record.c.run_id
                )
            ).all()
        )

    assert sorted(tuple(row) for row in kept) == [("acme", "acme"), ("other", "other")]


async def test_a_text_given_to_another_tenant_does_not_open(tmp_path: Path) -> None:
    """A row that somebody gave to another tenant in the database is refused as tampered with."""
    file = tmp_path / "contract.txt"
    file.write_text(CANARY, "utf-8")
    async with World(tmp_path / "w") as world:
        library = shelf(world)
        outcome = await read(world, file)
        assert isinstance(outcome, Done)
        await world.store.write(
            lambda tx: tx.connection.execute(
                update(tables.record).values(tenant="other")
            )
        )

        with pytest.raises(Tampered):
            await library.document(outcome.value.digest)  # type: ignore[attr-defined]  # the value of `document.read`


async def started(world: World, *, tenant: str) -> Run:
    """Start a run for a tenant."""
    agent = Principal(
        id="agent:test", tenant=tenant, roles=("contract_review",), on_behalf_of="ana"
    )
    return await world.runs.start(
        NewRun(
            agent="test",
            principal=agent,
            request={},
            limits=PLENTY,
            autonomy=2,
            revision=world.pdp.revision,
            intent=None,
        )
    )


async def test_an_unreadable_file_is_a_failure(tmp_path: Path) -> None:
    """A file the reader refuses is a failed action with the reader's own code, and nothing is
    kept.
    """
    (tmp_path / "empty.txt").touch()
    async with World(tmp_path / "w") as world:
        shelf(world)
        outcome = await read(world, tmp_path / "empty.txt")

    assert isinstance(outcome, Failed)
    assert outcome.code == "document_empty"


async def test_a_document_is_untrusted_and_confidential(tmp_path: Path) -> None:
    """From the moment a document is read, the run holds untrusted, confidential data of that
    document.
    """
    file = tmp_path / "contract.txt"
    file.write_text(CANARY, "utf-8")
    async with World(tmp_path / "w") as world:
        shelf(world)
        await read(world, file)
        (summary,) = await world.runs.list()
        run = await world.runs.read(summary.id)

    assert (run.label.integrity, run.label.confidentiality) == (
        "untrusted",
        "confidential",
    )
    assert [
        source for source in run.label.sources if source.startswith("document:sha256:")
    ]
