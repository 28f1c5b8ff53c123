"""Measures a clause artefact on the dev side of the split.

Run `python -m interlock.evals.extraction.measure --json`. The report has the average precision
over all (unit, category) pairs, micro and macro; the calibration error of the same confidences; and
how many shown findings match a gold answer by CUAD's rule. The split is computed again from the
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

from interlock.evals.extraction.data import Contract, read
from interlock.evals.extraction.examples import examples
from interlock.evals.extraction.metrics import (
    average_precision,
    calibration_error,
    matched,
)
from interlock.evals.extraction.split import split
from interlock.tools.contracts.clauses import ClauseModel, Finding
from interlock.tools.contracts.clauses.features import Rows
from interlock.tools.contracts.clauses.heads import CATEGORIES
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
    #: Gold texts
    answers: int
    #: Findings shown
    found: int
    #: Findings that match a gold text
    right: int
    #: Gold texts that some finding matches
    recalled: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Figures on one set of contracts; all but counts and seconds lie in [0, 1]."""

    contracts: int
    units: int
    micro: float
    macro: float
    calibration_error: float
    #: Over the pairs with a confidence of at least 0.05
    calibration_error_above: float
    found: int
    precision: float
    recall: float
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
    clause = model.scorers["clause"]
    table = examples(contracts, clause.labels)
    rows = Rows(keys=table.keys, bounds=table.bounds)
    ranking = _Ranking(
        scores=clause.confidences(rows),
        truth=table.labels,
    )
    begun = time.perf_counter()
    shown = [model.find(contract.text).findings for contract in contracts]
    seconds = time.perf_counter() - begun
    lines = []
    for column, category in enumerate(clause.labels):
        line = _line(model, category, contracts, shown, ranking.column(column))
        lines.append(line)
    return _report(contracts, ranking, lines, seconds)


def _report(
    contracts: Sequence[Contract],
    ranking: _Ranking,
    lines: Sequence[Line],
    seconds: float,
) -> Report:
    """Return the rounded figures of all categories together."""
    precisions = [line.average_precision for line in lines if line.units]
    found = sum(line.found for line in lines)
    answers = sum(line.answers for line in lines)
    right = sum(line.right for line in lines)
    recalled = sum(line.recalled for line in lines)
    macro = float(np.mean(precisions or [0.0]))
    above = ranking.calibration_error(least=_LEAST)
    return Report(
        contracts=len(contracts),
        units=len(ranking.truth),
        micro=round(ranking.average_precision(), 4),
        macro=round(macro, 4),
        calibration_error=round(ranking.calibration_error(), 5),
        calibration_error_above=round(above, 4),
        found=found,
        precision=round(right / max(found, 1), 4),
        recall=round(recalled / max(answers, 1), 4),
        seconds_per_contract=round(seconds / max(len(contracts), 1), 4),
        lines=tuple(lines),
    )


def _line(
    model: ClauseModel,
    category: str,
    contracts: Sequence[Contract],
    shown: Sequence[Sequence[Finding]],
    ranking: _Ranking,
) -> Line:
    answers = 0
    found = 0
    right = 0
    recalled = 0
    for contract, findings in zip(contracts, shown, strict=True):
        gold = contract.gold(category)
        texts = [finding.text for finding in findings if finding.category == category]
        matches, reached = matched(texts, gold)
        answers += len(gold)
        found += len(texts)
        right += matches
        recalled += reached
    return Line(
        category=category,
        units=int(ranking.truth.sum()),
        average_precision=round(ranking.average_precision(), 4),
        threshold=round(_threshold(model, category), 4),
        answers=answers,
        found=found,
        right=right,
        recalled=recalled,
    )


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
    head = (
        f"{report.contracts} contracts, {report.units} units: "
        f"average precision {report.micro:.3f} micro, {report.macro:.3f} macro; "
        f"calibration error {report.calibration_error:.4f} "
        f"({report.calibration_error_above:.3f} above {_LEAST})\n"
        f"{report.found} findings, precision {report.precision:.3f}, recall {report.recall:.3f}; "
        f"{report.seconds_per_contract * 1000:.0f} ms a contract\n"
    )
    rows = [
        f"{line.category:36} units {line.units:4}  AP {line.average_precision:.3f}"
        f"  shown {line.found:4}  right {line.right:4}"
        f"  gold {line.answers:4}  recalled {line.recalled:4}\n"
        for line in report.lines
    ]
    return head + "".join(rows)


if __name__ == "__main__":
    main()
