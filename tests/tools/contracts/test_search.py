"""Search: the passages that have most to do with some words, with the place where they stand."""

from dataclasses import replace
from typing import Any

from interlock.runtime.door.outcome import Done, Failed
from interlock.runtime.record.store import tables
from interlock.tools.contracts.passages import LONGEST, stretches
from interlock.tools.contracts.search import ranked, search_tools
from interlock.tools.documents import Document

LEASE = Document(
    digest="sha256:aa",
    name="lease.txt",
    kind="txt",
    pages=(0,),
    text="1. Rent. The tenant pays the rent each month.\n\n2. Increases. The landlord may increase "
    "the rent once a year.\n\n3. Law. The laws of Ireland govern this lease.",
)
SUPPLY = Document(
    digest="sha256:bb",
    name="supply.txt",
    kind="txt",
    pages=(0,),
    text="1. Goods. The goods are delivered monthly.\n\n2. Law. The laws of Kenya govern.",
)


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    """What stands in few passages decides; forms of a word meet, and the place is told."""
    best = ranked([LEASE, SUPPLY], "may the landlord do rent increasing?", most=3)[0]

    assert best.text.startswith("2. Increases.")
    assert LEASE.text[best.start : best.end] == best.text
    assert (best.document, best.section, best.place) == ("sha256:aa", "2", "line 2")


def test_what_stands_nowhere_is_not_found() -> None:
    """A query of common words, or of words that no document has, shows nothing."""
    assert ranked([LEASE, SUPPLY], "the of and", most=5) == []
    assert ranked([LEASE, SUPPLY], "submarine", most=5) == []
    assert ranked([], "rent", most=5) == []


def test_no_more_is_shown_than_was_asked_for() -> None:
    """The best come first, and as many as were asked for, of all documents together."""
    both = ranked([LEASE, SUPPLY], "laws govern", most=2)

    assert {one.name for one in both} == {"lease.txt", "supply.txt"}
    assert len(ranked([LEASE, SUPPLY], "laws govern", most=1)) == 1


def test_stretches_cover_the_text_in_whole_sentences() -> None:
    """No word is lost between two stretches, and none is longer than allowed where sentences are
    not.
    """
    text = " ".join(f"Sentence number {number} ends here." for number in range(99))
    parts = list(stretches(text))
    together = " ".join(text[one.start : one.end] for one in parts)

    assert together == text
    assert all(one.end - one.start <= LONGEST for one in parts)
    assert list(stretches("")) == []


async def test_a_run_searches_what_it_read(office: Any, contract: Any) -> None:
    """A search goes over the documents of its own run, and its result is a stranger's words."""
    office.world.add(search_tools(office.library)[0])
    office.world.pdp.effects["documents.search"] = "permit"
    run = await office.run()
    other = await office.run(read=replace(contract, digest="sha256:cd"))
    found = await office.propose(run, "documents.search", query="laws of New York")
    await office.world.store.durable(run.claim)
    label = await office.world.store.read(
        lambda connection: (
            connection.execute(tables.run.select().where(tables.run.c.id == run.id))
            .one()
            .label
        )
    )
    strange = await office.propose(
        run, "documents.search", query="laws", documents=["sha256:cd"]
    )

    assert isinstance(found, Done)
    assert [one.document for one in found.value.passages] == ["sha256:ab"]  # type: ignore[attr-defined]  # the tool's result
    assert isinstance(strange, Failed)
    assert strange.code == "not_read"
    assert "untrusted" in str(label)
    assert other.id != run.id
