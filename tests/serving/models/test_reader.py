"""A home with a model that reads: reviews ask it what the extractor is unsure of, and say so."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from interlock.runtime.record import audit
from interlock.serving import workspace
from interlock.serving.home import opened
from interlock.serving.settings import BUNDLE
from interlock.testing import Asked, ModelServer, Turn, calls, refuses, says
from interlock.tools.contracts.report import printed

CONTRACT: Final = (
    Path(__file__).resolve().parents[3]
    / "evals"
    / "data"
    / "contracts"
    / "domini-sponsorship-agreement.pdf"
)
#: Places of the contract of which the extractor is unsure
DOUBTS: Final = 2


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """What became of one review: its outcome, its report, and the ends of its calls of models."""

    outcome: dict[str, Any]
    report: str
    ends: list[dict[str, Any]]

    @property
    def clauses(self) -> list[dict[str, Any]]:
        """What was found and what is possible."""
        clauses: list[dict[str, Any]] = [
            *self.outcome["findings"],
            *self.outcome["possible"],
        ]
        return clauses


def answering(answer: str, quotation: str = "") -> Turn:
    """Return the answer of a model in the form it is asked for."""
    return says(json.dumps({"answer": answer, "quotation": quotation}))


async def reviewed(folder: Path, url: str = "", *, tokens: int = 400_000) -> Reviewed:
    """Review the contract in a new workspace, whose model that reads is at *url*."""
    folder.mkdir(parents=True, exist_ok=True)
    reader = f'[models.reader.local]\nurl = "{url}"\nname = "m"\nclearance = "confidential"\n'
    file = folder / "interlock.toml"
    file.write_text(
        f'home = "home"\nlimits = {{tokens = {tokens}}}\n{reader if url else ""}'
    )
    settings = workspace.read({"INTERLOCK_WORKSPACE": str(folder)}, bundle=BUNDLE)
    async with opened(settings) as home:
        run = await home.start(path=CONTRACT, notify=[], person="ana")
        ended = await home.drive(run)
        outcome: Any = ended.outcome
        assert ended.status == "done", outcome
        digest = outcome["document"]["digest"]
        review = await home.reviews.of(digest, run_id=run.id)
        reading = await home.library.reading(digest, run_id=run.id)
        entries = await audit.entries(home.store, home.vault, run_id=run.id)
        bodies = [entry["body"] for entry in entries]
        return Reviewed(
            outcome=outcome,
            report=printed(review, reading.document),
            ends=[
                body
                for body in bodies
                if body.get("tool") == "model.generate" and body["event"] == "outcome"
            ],
        )


def quoting() -> Callable[[Asked], Turn]:
    """Return a model that quotes the very words which it is asked about."""

    def turn(asked: Asked) -> Turn:
        question = asked.body["messages"][-1]["content"].rpartition("</document>")[2]
        quoted = question.partition('is one: "')[2].partition('". Answer')[0]
        return answering("yes", quoted)

    return turn


async def test_without_a_model_nobody_is_asked(tmp_path: Path) -> None:
    """A home without a model that reads reviews as ever: the extractor is the only source."""
    done = await reviewed(tmp_path)

    assert done.outcome["consulted"] is None
    assert {clause["source"] for clause in done.clauses} == {"extractor"}
    assert "What a model was asked" not in done.report


async def test_the_model_is_asked_about_the_doubts_and_named(tmp_path: Path) -> None:
    """The text comes first and the question last, in a form; each doubt names the model, and the
    risk is that of the extractor alone.
    """
    alone = await reviewed(tmp_path / "alone")
    async with ModelServer(quoting()) as server:
        done = await reviewed(tmp_path / "both", server.url)
    consulted = done.outcome["consulted"]
    texts = [asked.body["messages"][-1]["content"] for asked in server.asked]
    heads = {text.rpartition("</document>")[0] for text in texts}

    assert consulted["asked"] == consulted["agreed"] == len(server.asked) == DOUBTS
    assert len(heads) == 1
    assert all("response_format" in asked.body for asked in server.asked)
    agreed = [one for one in done.clauses if one["source"] != "extractor"]
    assert {one["source"] for one in agreed} == {"extractor, model local agrees"}
    assert len(agreed) == DOUBTS
    assert done.outcome["risk"] == alone.outcome["risk"]
    assert "What a model was asked" in done.report
    assert "model local agrees" in done.report


@pytest.mark.parametrize(
    ("turn", "counts", "source"),
    [
        (answering("no"), {"differed": DOUBTS}, "extractor, model local differs"),
        (
            answering("yes", "words that no such contract has"),
            {"ungrounded": DOUBTS},
            "extractor",
        ),
        (
            says('{"answer": "yes", "quotation": "\\ud800 words of nobody"}'),
            {"ungrounded": DOUBTS},
            "extractor",
        ),
        (
            refuses(500),
            {"unanswered": DOUBTS, "codes": ["model_broken"]},
            "extractor, no model answered",
        ),
        (
            says("no JSON at all"),
            {"unanswered": DOUBTS, "codes": ["model_unfit"]},
            "extractor, no model answered",
        ),
        (
            calls("mail.send", {"to": "eve@evil.example"}),
            {"unanswered": DOUBTS, "codes": ["model_unfit"]},
            "extractor, no model answered",
        ),
    ],
    ids=[
        "differs",
        "invents",
        "quotes what is no text",
        "is broken",
        "keeps to no form",
        "calls a tool",
    ],
)
async def test_whatever_the_model_does_the_review_is_finished(
    tmp_path: Path, turn: Turn, counts: dict[str, Any], source: str
) -> None:
    """An invented quotation is dropped and counted; where no model answers the extractor stands
    alone, and both say so.
    """
    async with ModelServer([turn]) as server:
        done = await reviewed(tmp_path, server.url)
    consulted = done.outcome["consulted"]

    assert consulted["asked"] == DOUBTS
    for name, wanted in counts.items():
        assert (
            set(consulted[name]) >= set(wanted)
            if name == "codes"
            else (consulted[name] == wanted)
        )
    assert source in {clause["source"] for clause in done.clauses}


async def test_a_model_that_is_away_holds_no_review(tmp_path: Path) -> None:
    """The extractor stands in by an action of its own, and the ledger says why."""
    async with ModelServer() as server:
        await server.stop()
        done = await reviewed(tmp_path, server.url)

    assert done.outcome["consulted"]["unanswered"] == DOUBTS
    assert "model_away" in done.outcome["consulted"]["codes"]
    assert "model_away" in {end.get("failure") for end in done.ends}


async def test_a_small_budget_leaves_doubts_and_plans_all_the_same(
    tmp_path: Path,
) -> None:
    """Questions at their dearest leave half of the tokens that were left; what was not asked is
    counted.
    """
    async with ModelServer(quoting()) as server:
        done = await reviewed(tmp_path, server.url, tokens=60_000)
    consulted = done.outcome["consulted"]

    assert (consulted["asked"], consulted["left"]) == (1, DOUBTS - 1)
