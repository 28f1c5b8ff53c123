"""Training on a tiny sample learns it, writes the same bytes twice, and records what it did."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from interlock.evals.extraction.boost import Growth
from interlock.evals.extraction.data import Contract, Span
from interlock.evals.extraction.examples import carries, examples, head_examples
from interlock.evals.extraction.measure import Report, measure
from interlock.evals.extraction.record import Trained, Training, packed, write
from interlock.evals.extraction.split import split
from interlock.evals.extraction.train import OPTIONS, train
from interlock.tools.contracts.clauses.model import ClauseModel
from interlock.tools.contracts.clauses.provenance import RECORD, WEIGHTS
from interlock.tools.contracts.clauses.segmentation import Unit

CATEGORIES = ("Governing Law", "Insurance", "Parties")
TINY = {
    name: replace(option, folds=3, processes=1, c=10.0, least=(1,) * len(option.least))
    for name, option in OPTIONS.items()
}


SMALL = Growth(trees=5, least=1, leaves=4)


@pytest.fixture(scope="module")
def trained() -> Trained:
    """What is learnt of twelve made-up contracts."""
    return train(_sample(), CATEGORIES, TINY, SMALL)


def test_the_trainer_learns_a_plain_sample(trained: Trained, tmp_path: Path) -> None:
    """On contracts of new filers with the same words, the trained model finds what was taught."""
    write(tmp_path, packed(trained), _training(None))
    new = _contract("NEWCO", "Zenith Holdings, Inc.", "Utah")
    found = {
        (one.category, one.text)
        for one in ClauseModel.load(tmp_path).find(new.text).findings
    }
    assert ("Governing Law", "This Agreement is governed by the laws of Utah.") in found
    assert ("Insurance", "The supplier shall maintain liability insurance.") in found
    assert ("Parties", "Zenith Holdings, Inc.") in found


def test_training_is_deterministic(trained: Trained) -> None:
    """The same sample gives the same bytes."""
    assert packed(trained) == packed(train(_sample(), CATEGORIES, TINY, SMALL))


def test_the_record_tells_what_was_done(trained: Trained, tmp_path: Path) -> None:
    """Digests of data, filers and weights, the options and the figures are written beside the
    weights.
    """
    weights = packed(trained)
    write(tmp_path, weights, _training(None))
    report = measure(ClauseModel.load(tmp_path), split(_sample()).dev)
    write(tmp_path, weights, _training(report))
    record = json.loads((tmp_path / RECORD).read_text())
    assert record["files"][WEIGHTS] == sha256(weights).hexdigest()
    assert record["data_sha256"] == "0" * 64
    assert record["split"]["train_contracts"] + record["split"]["dev_contracts"] == 12
    assert record["dev"]["micro"] == report.micro > 0.9
    assert record["options"]["clause"]["c"] == 10.0


def test_a_unit_carries_what_it_overlaps_by_half_of_the_shorter() -> None:
    """A sentence that holds a short answer counts, and so does one inside a long answer; a touched
    neighbour does not.
    """
    unit = Unit(start=100, end=200)
    assert carries(unit, Span(start=120, end=125))
    assert carries(unit, Span(start=0, end=1_000))
    assert carries(unit, Span(start=150, end=400))
    assert not carries(unit, Span(start=190, end=400))
    assert not carries(unit, Span(start=200, end=400))


def test_labels_follow_the_answers() -> None:
    """Each category's answers mark their units, and the right head candidates."""
    contract = _contract("ACME", "Acme Holdings, Inc.", "Ohio")
    table = examples([contract], CATEGORIES)
    assert table.labels.sum(axis=0).tolist() == [1, 1, 1]
    assert head_examples([contract], "name").labels.any()


def _training(report: Report | None) -> Training:
    return Training(
        data_sha256="0" * 64,
        split=split(_sample()),
        options=TINY,
        growth=SMALL,
        categories=(),
        unsupported=(),
        trained_on="a sample",
        report=report,
    )


def _sample() -> list[Contract]:
    states = ("Ohio", "Iowa", "Texas", "Maine", "Utah", "Idaho")
    names = (
        "Acme",
        "Borealis",
        "Cobalt",
        "Dynamo",
        "Everest",
        "Fulcrum",
        "Granite",
        "Harbor",
        "Indigo",
        "Juniper",
        "Kestrel",
        "Lumen",
    )
    return [
        _contract(name.upper(), f"{name} Holdings, Inc.", states[at % 6])
        for at, name in enumerate(names)
    ]


def _contract(filer: str, party: str, state: str) -> Contract:
    parts = {
        "": "SUPPLY AGREEMENT\n\nThis Supply Agreement is made on May 5, 2019 between ",
        "Parties": party,
        " ": ", a company of Delaware, and the undersigned.\n\n1. Goods. The supplier "
        "delivers the goods every month.\n\n",
        "Governing Law": f"This Agreement is governed by the laws of {state}.",
        "  ": "\n\nThe buyer pays each invoice in thirty days.\n\n",
        "Insurance": "The supplier shall maintain liability insurance.",
    }
    text, answers = "", {}
    for category, part in parts.items():
        if category.strip():
            answers[category] = (Span(start=len(text), end=len(text) + len(part)),)
        text += part
    return Contract(title=f"{filer}_2019_EX-10", text=text, answers=answers)
