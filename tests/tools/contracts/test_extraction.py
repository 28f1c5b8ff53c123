"""Grounding: a finding that does not stand in its document, word for word and on its page, is
dropped and counted.
"""

from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.door.tool import ToolFailed
from interlock.runtime.policy.decision import MINT, Permit
from interlock.runtime.run.run import Run
from interlock.runtime.testing import World
from interlock.tools.contracts.clauses import ClauseModel
from interlock.tools.contracts.extraction import (
    CERTAIN,
    Clause,
    Clauses,
    Extract,
    Ground,
    clause_tools,
)
from interlock.tools.documents import Document
from interlock.tools.library import Library

TEXT = (
    "This Agreement shall be governed by the laws of the State of New York.\n\nIt is "
    "made as of May 3, 2018."
)
BREAK = TEXT.index("It is")
DOCUMENT = Document(digest="sha256:ab", name="a.pdf", kind="pdf", text=TEXT, pages=(0, BREAK))


def permit(tool: str, run: Run) -> Permit:
    return Permit(
        MINT, tool=tool, digest="0" * 64, action_id="1" * 64, run_id=run.id, claim=run.claim
    )


async def ask(folder: Path, tool: str, arguments: Any, *, has_read: bool = True) -> Clauses:
    """Call a clause tool in a run that has read the document, or has not."""
    async with World(folder) as world:
        library = Library(store=world.store, vault=world.vault)
        reader, run = await world.start(), await world.start()
        library.keep(DOCUMENT, permit=permit("document.read", run if has_read else reader))
        await world.store.durable(run.claim if has_read else reader.claim)
        tools = {
            each.name: each for each in clause_tools(library=library, model=ClauseModel.load())
        }
        answer: Clauses = await tools[tool](permit(tool, run), arguments)
        return answer


def clause(**fields: Any) -> Clause:
    """Return a clause that stands in the document, but for *fields*."""
    given: dict[str, Any] = {
        "category": "Agreement Date",
        "start": BREAK,
        "end": BREAK + 5,
        "text": "It is",
        "confidence": 9_000,
        "page": 2,
    }
    return Clause(**given | fields)


async def test_what_stands_there_is_kept(tmp_path: Path) -> None:
    """A finding whose text, offsets and page are right is kept as it is."""
    answer = await ask(
        tmp_path, "findings.ground", Ground(document="sha256:ab", findings=[clause()])
    )

    assert answer == Clauses(findings=[clause()], dropped=0)


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "it is"},
        {"text": "It is made"},
        {"start": BREAK + 1},
        {"end": BREAK + 6},
        {"page": 1},
        {"page": 3},
        {"start": -len(TEXT) + BREAK, "end": -len(TEXT) + BREAK + 5},
        {"start": BREAK + 5, "end": BREAK, "text": ""},
        {"start": BREAK, "end": BREAK, "text": ""},
        {"start": 10**9, "end": 10**9 + 5},
    ],
    ids=str,
)
async def test_what_does_not_is_dropped_and_counted(tmp_path: Path, fields: dict[str, Any]) -> None:
    """A finding with another text, other offsets or another page is dropped, and the count says
    so.
    """
    answer = await ask(
        tmp_path,
        "findings.ground",
        Ground(document="sha256:ab", findings=[clause(**fields), clause(), clause(**fields)]),
    )

    assert answer == Clauses(findings=[clause()], dropped=2)


async def test_what_is_found_is_grounded(tmp_path: Path) -> None:
    """Everything the extractor finds stands in the document, with a confidence in basis points and
    the model's name.
    """
    found = await ask(tmp_path, "clauses.extract", Extract(document="sha256:ab"))
    held = await ask(
        tmp_path / "again", "findings.ground", Ground(document="sha256:ab", findings=found.findings)
    )

    assert "Governing Law" in {each.category for each in found.findings}
    assert all(0 < each.confidence <= CERTAIN for each in found.findings)
    assert found.extractor.startswith("clauses/")
    assert (held.findings, held.dropped) == (found.findings, 0)


@pytest.mark.parametrize("tool", ["clauses.extract", "findings.ground"])
async def test_what_the_run_did_not_read_is_not_worked_on(tmp_path: Path, tool: str) -> None:
    """Neither tool reaches a document that another run has read: its clauses would come without
    their label.
    """
    arguments = (
        Extract(document="sha256:ab")
        if tool == "clauses.extract"
        else Ground(document="sha256:ab", findings=[])
    )
    with pytest.raises(ToolFailed, match="not_read"):
        await ask(tmp_path, tool, arguments, has_read=False)
