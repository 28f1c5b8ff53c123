"""Measures a clause artefact on the dev side of the split.

Run `python -m interlock.evals.extraction.measure --json`. The report has the average precision
over all (unit, category) pairs, micro and macro; the area of CUAD's own curve; the calibration
error; and what a reader is shown: how much of it is right, and how much of what is there it shows.
The shipped artefact was fitted on the dev side too, so figures of an artefact are those of its
record: measure one that was fitted on the train side alone. The split is computed again from the
data, so no list of files is trusted.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from interlock.evals.extraction import curve
from interlock.evals.extraction.data import Contract, read
from interlock.evals.extraction.examples import examples
from interlock.evals.extraction.metrics import average_precision, calibration_error
from interlock.evals.extraction.split import split
from interlock.evals.extraction.tally import Tally, share, tally, total
from interlock.tools.contracts.clauses.features import Rows
from interlock.tools.contracts.clauses.heads import CATEGORIES
from interlock.tools.contracts.clauses.model import ClauseModel
from interlock.tools.contracts.clauses.segmentation import units
from interlock.tools.contracts.clauses.weights import Floats

#: Pairs with a lower confidence are easy negatives, and so many that they hide every error
_LEAST: Final = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """The figures of one category."""

    category: str
    #: Units that carry the category
    units: int
    average_precision: float
    threshold: float
    counts: Tally


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Figures on one set of contracts; all but counts and seconds lie in [0, 1]."""

    contracts: int
    units: int
    micro: float
    macro: float
    #: The area under CUAD's curve, strict for parties
    area: float
    calibration_error: float
    #: Over the pairs with a confidence of at least 0.05
    calibration_error_above: float
    counts: Tally
    #: By CUAD's match of texts
    precision: float
    recall: float
    #: By any shared character
    touching_precision: float
    touching_recall: float
    #: Of "the contract has the category", over contracts and categories
    presence_f1: float
    #: Of the possible findings
    possible_precision: float
    #: Wall time of `ClauseModel.find`
    seconds_per_contract: float
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ranking:
    """Confidences, and whether each confidence is right."""

    scores: Floats
    truth: npt.NDArray[np.bool_]

    def column(self, index: int) -> "_Ranking":
        return _Ranking(
            scores=self.scores[:, index],
            truth=self.truth[:, index],
        )

    def average_precision(self) -> float:
        return average_precision(self.scores.ravel(), self.truth.ravel())

    def calibration_error(self, *, least: float = 0.0) -> float:
        return calibration_error(self.scores.ravel(), self.truth.ravel(), least=least)


def measure(model: ClauseModel, contracts: Sequence[Contract]) -> Report:
    """Return the figures of a model on contracts it was not trained on."""
    ranking, area = _ranked(model, contracts)
    begun = time.perf_counter()
    shown = [model.find(contract.text).findings for contract in contracts]
    seconds = time.perf_counter() - begun
    lines = []
    for column, category in enumerate(model.categories):
        own_ranking = ranking.column(column)
        pairs = zip(contracts, shown, strict=True)
        line = Line(
            category=category,
            units=int(own_ranking.truth.sum()),
            average_precision=round(own_ranking.average_precision(), 4),
            threshold=round(_threshold(model, category), 4),
            counts=total(
                tally(contract, category, findings) for contract, findings in pairs
            ),
        )
        lines.append(line)
    return _report(
        ranking,
        lines,
        area=area,
        seconds=seconds / max(len(contracts), 1),
        contracts=len(contracts),
    )


def _ranked(
    model: ClauseModel, contracts: Sequence[Contract]
) -> tuple[_Ranking, float]:
    """Return what every unit is worth for every category, and the area of CUAD's curve."""
    clause = model.scorers["clause"]
    table = examples(contracts, clause.labels)
    margins = clause.margins(Rows(keys=table.keys, bounds=table.bounds))
    confidences = []
    proposed = []
    for number, contract in enumerate(contracts):
        pieces = units(contract.text)
        own = model.compared(contract.text, pieces, margins[table.contract == number])
        confidences.append(own)
        proposed.append(curve.proposals(model, contract, pieces, own))
    ranking = _Ranking(
        scores=np.concatenate(confidences),
        truth=table.labels,
    )
    return ranking, curve.area(contracts, proposed)


def _report(
    ranking: _Ranking,
    lines: Sequence[Line],
    *,
    area: float,
    seconds: float,
    contracts: int,
) -> Report:
    """Return the rounded figures of all categories together."""
    above = ranking.calibration_error(least=_LEAST)
    counts = total(line.counts for line in lines)
    return Report(
        contracts=contracts,
        units=len(ranking.truth),
        micro=round(ranking.average_precision(), 4),
        macro=_macro(lines),
        area=round(area, 4),
        calibration_error=round(ranking.calibration_error(), 5),
        calibration_error_above=round(above, 4),
        counts=counts,
        precision=share(counts.right, counts.found),
        recall=share(counts.recalled, counts.answers),
        touching_precision=share(counts.touching, counts.found),
        touching_recall=share(counts.touched, counts.answers),
        presence_f1=share(2 * counts.both, counts.having + counts.showing),
        possible_precision=share(counts.possible_touching, counts.possible),
        seconds_per_contract=round(seconds, 4),
        lines=tuple(lines),
    )


def _macro(lines: Sequence[Line]) -> float:
    precisions = [line.average_precision for line in lines if line.units]
    return round(float(np.mean(precisions or [0.0])), 4)


def _threshold(model: ClauseModel, category: str) -> float:
    """Return the threshold of the head or the clause scorer that finds the category."""
    name = "clause"
    for kind, categories in CATEGORIES.items():
        if category in categories:
            name = kind
            break
    scorer = model.scorers[name]
    column = scorer.labels.index(category)
    return float(scorer.threshold[column])


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the model that the arguments name, and print the report on standard output."""
    parser = argparse.ArgumentParser(
        description="Measure the clause model on the dev contracts."
    )
    parser.add_argument(
        "--data",
        type=Path,
        help="cuad_train.json.gz, or name it in INTERLOCK_CUAD",
    )
    parser.add_argument(
        "--artefact",
        type=Path,
        help="an artefact folder, not the shipped one",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="one JSON object instead of a table",
    )
    options = parser.parse_args(arguments)
    model = ClauseModel.load(options.artefact)
    parts = split(read(options.data))
    report = measure(model, parts.dev)
    if options.json:
        text = json.dumps(asdict(report), indent=1)
        sys.stdout.write(f"{text}\n")
    else:
        sys.stdout.write(_table(report))


def _table(report: Report) -> str:
    counts = report.counts
    head = (
        f"{report.contracts} contracts, {report.units} units: "
        f"average precision {report.micro:.3f} micro, {report.macro:.3f} macro, "
        f"area {report.area:.3f}; "
        f"calibration error {report.calibration_error:.4f} "
        f"({report.calibration_error_above:.3f} above {_LEAST})\n"
        f"{counts.found} findings; touching: precision {report.touching_precision:.3f}, "
        f"recall {report.touching_recall:.3f}; match: precision {report.precision:.3f}, "
        f"recall {report.recall:.3f}; presence F1 {report.presence_f1:.3f}; "
        f"{counts.possible} possible, {report.possible_precision:.3f} right; "
        f"{report.seconds_per_contract * 1000:.0f} ms a contract\n"
    )
    rows = [
        f"{line.category:36} units {line.units:4}  AP {line.average_precision:.3f}"
        f"  shown {line.counts.found:4}  right {line.counts.touching:4}"
        f"  gold {line.counts.answers:4}  recalled {line.counts.touched:4}\n"
        for line in report.lines
    ]
    return head + "".join(rows)


if __name__ == "__main__":
    main()
