"""The library: a document read once is the same text for ever, sealed at rest."""

from pathlib import Path

import pytest

from interlock.runtime.errors import NotFound
from interlock.runtime.outcome import Done, Failed
from interlock.runtime.testing import World
from interlock.tools.documents import DocumentReader
from interlock.tools.library import DocumentFacts, Library, document_tools

CANARY = "canary-7f3a of the Agreement \u2013 caf\u00e9 \U0001f600"


def shelf(world: World) -> Library:
    """Return a library over the world's store, its tool behind the world's door."""
    library = Library(store=world.store, vault=world.vault)
    (read,) = document_tools(reader=DocumentReader(), library=library, tenant="default")
    world.pep._tools[read.name] = read  # noqa: SLF001 - the world's store must exist before this tool can
    world.pdp.effects[read.name] = "permit"  # type: ignore[attr-defined]  # the table of this world's twin
    return library


async def read(world: World, path: Path) -> Done | Failed:
    """Read a file through the door and wait until that is durable."""
    run = await world.start()
    outcome = await world.pep.enforce(run, tool="document.read", arguments={"path": str(path)}, call_id="1")
    await world.store.settled(run.id)
    assert isinstance(outcome, Done | Failed)
    return outcome


async def test_a_text_survives_a_restart(tmp_path: Path) -> None:
    """What was read is there word for word when the home is opened again, even when the file is gone."""
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
    assert (facts.chars, facts.pages, facts.name) == (len(CANARY), 1, "contract.txt")


async def test_a_text_is_sealed(tmp_path: Path) -> None:
    """No file of the home holds the text, the name or the path of a document in the clear."""
    file = tmp_path / "canary-name.txt"
    file.write_text(CANARY, "utf-8")
    async with World(tmp_path / "w") as world:
        shelf(world)
        await read(world, file)
        files = [path for path in (tmp_path / "w").rglob("*") if path.is_file()]
        held = [path.name for path in files for word in (b"canary-7f3a", b"canary-name") if word in path.read_bytes()]

    assert any(path.name == "interlock.db" for path in files)
    assert held == []


async def test_what_was_never_read_is_not_there(tmp_path: Path) -> None:
    """A digest that this home never read is not found."""
    async with World(tmp_path / "w") as world:
        with pytest.raises(NotFound, match="sha256:nowhere"):
            await shelf(world).document("sha256:nowhere")


async def test_an_unreadable_file_is_a_failure(tmp_path: Path) -> None:
    """A file the reader refuses is a failed action with the reader's own code, and nothing is kept."""
    (tmp_path / "empty.txt").touch()
    async with World(tmp_path / "w") as world:
        shelf(world)
        outcome = await read(world, tmp_path / "empty.txt")

    assert isinstance(outcome, Failed)
    assert outcome.code == "document_empty"


async def test_a_document_is_untrusted_and_confidential(tmp_path: Path) -> None:
    """From the moment a document is read, the run holds untrusted, confidential data of that document."""
    file = tmp_path / "contract.txt"
    file.write_text(CANARY, "utf-8")
    async with World(tmp_path / "w") as world:
        shelf(world)
        await read(world, file)
        (run,) = await world.runs.list()

    assert (run.label.integrity, run.label.confidentiality) == ("untrusted", "confidential")
    assert [source for source in run.label.sources if source.startswith("document:sha256:")]
