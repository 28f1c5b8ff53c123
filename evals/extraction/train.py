"""Trains the clause model and writes its artefact.

Run `python -m interlock.evals.extraction.train`. First a model is fitted on the train side of the
split and measured on the dev side, where no weight, calibration or threshold of that model was
fitted: these are the figures in `training.json`. Then the model is fitted again on all contracts,
and that one is shipped. The same data, options and library versions give the same bytes. Progress
goes to standard error.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from interlock.evals.extraction.boost import Growth, grow
from interlock.evals.extraction.calibration import best_threshold
from interlock.evals.extraction.data import DATA_SHA256, Contract, read
from interlock.evals.extraction.examples import Examples, examples, head_examples
from interlock.evals.extraction.fit import Fitted, Options, Table, fit
from interlock.evals.extraction.measure import Report, measure
from interlock.evals.extraction.record import Trained, Training, packed, write
from interlock.evals.extraction.split import Split, folds, split
from interlock.tools.contracts.clauses.heads import CATEGORIES
from interlock.tools.contracts.clauses.model import ClauseModel
from interlock.tools.contracts.clauses.provenance import SHIPPED
from interlock.tools.contracts.clauses.weights import Floats, Linear

OPTIONS: Mapping[str, Options] = {
    # content-word pairs (the third group) were left out because they lowered average precision on
    # the training folds
    "clause": Options(
        c=0.5,
        least=(3, 3, None, 5, 5, 3, 1, 3),
        lowest=0.25,
        highest=0.4,
    ),
    "title": Options(
        c=0.3,
        least=(2,),
        prune=0.01,
        lowest=0.3,
    ),
    "date": Options(
        c=0.3,
        least=(2,),
        prune=0.01,
        highest=0.35,
    ),
    # a name too many misleads more than one too few
    "name": Options(
        c=0.3,
        least=(2,),
        prune=0.01,
        lowest=0.5,
    ),
}
GROWTH: Final = Growth()
#: A category that fewer of its contracts show is not looked for
SUPPORTED: Final = 0.2
_TRIAL: Final = (
    "all contracts; the figures on dev are of the same fit on the train side alone"
)


def train(
    contracts: Sequence[Contract],
    categories: Sequence[str],
    options: Mapping[str, Options] = OPTIONS,
    growth: Growth = GROWTH,
) -> Trained:
    """Return one fitted scorer for whole clauses with its trees, and one for each kind of head."""
    begun = time.monotonic()
    table = examples(contracts, categories)
    fitted = _fitted(contracts, table, categories, options["clause"])
    _say(f"clause: fitted in {time.monotonic() - begun:.0f} s")
    trained = completed(contracts, table, fitted, options["clause"], growth)
    _say(f"trees: grown after {time.monotonic() - begun:.0f} s")
    return replace(trained, scorers={**trained.scorers, **heads(contracts, options)})


def heads(
    contracts: Sequence[Contract], options: Mapping[str, Options] = OPTIONS
) -> dict[str, Linear]:
    """Return one fitted scorer for each kind of head, by name."""
    scorers: dict[str, Linear] = {}
    for kind, labels in CATEGORIES.items():
        table = head_examples(contracts, kind)
        scorers[kind] = _fitted(contracts, table, labels, options[kind]).linear
        _say(f"{kind}: fitted")
    return scorers


def completed(
    contracts: Sequence[Contract],
    table: Examples,
    fitted: Fitted,
    options: Options,
    growth: Growth,
) -> Trained:
    """Return the clause scorer with its trees, and with thresholds for what both say together."""
    grown = grow(
        contracts,
        fitted.linear,
        fitted.margins.astype(np.float32),
        table.labels,
        fold_of=folds(contracts, options.folds),
        growth=growth,
    )
    thresholds = np.zeros(table.labels.shape[1], dtype=np.float32)
    for column in range(len(thresholds)):
        best = best_threshold(
            grown.confidences[:, column].astype(np.float64), table.labels[:, column]
        )
        thresholds[column] = np.clip(best, options.lowest, options.highest)
    return Trained(
        scorers={"clause": replace(fitted.linear, threshold=thresholds)},
        trees=grown.trees,
        unsupported=_unsupported(table, grown.confidences, fitted.linear, thresholds),
    )


def _unsupported(
    table: Examples,
    confidences: Floats,
    linear: Linear,
    thresholds: Floats,
) -> tuple[str, ...]:
    """Return the categories that would be shown in too few of the contracts that have them."""
    headed = {category for labels in CATEGORIES.values() for category in labels}
    missing = []
    for column, category in enumerate(linear.labels):
        having = np.unique(table.contract[table.labels[:, column]])
        above = confidences[:, column] >= thresholds[column]
        showing = np.unique(table.contract[above])
        reached = np.isin(having, showing).sum()
        if category not in headed and reached < SUPPORTED * len(having):
            missing.append(category)
    return tuple(missing)


def _fitted(
    contracts: Sequence[Contract],
    table: Examples,
    labels: Sequence[str],
    options: Options,
) -> Fitted:
    fold_of = np.array(folds(contracts, options.folds))
    learnt = Table(
        keys=table.keys,
        bounds=table.bounds,
        labels=table.labels,
        fold=fold_of[table.contract],
    )
    fitted = fit(learnt, labels, options)
    keys = len(fitted.linear.keys)
    _say(
        f"  {len(learnt)} rows, {keys} keys, {fitted.iterations_short} fits unfinished"
    )
    return fitted


def tried(trained: Trained, parts: Split) -> Report:
    """Return the figures of a model that was fitted on the train side, read back from a file."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write(place, packed(trained), _training(trained, parts, None))
        return measure(ClauseModel.load(place), parts.dev)


def shipped(folder: Path, trained: Trained, parts: Split, report: Report) -> int:
    """Write the artefact of a model that was fitted on every contract; return its size in bytes."""
    weights = packed(trained)
    write(folder, weights, _training(trained, parts, report))
    return len(weights)


def _training(trained: Trained, parts: Split, report: Report | None) -> Training:
    return Training(
        data_sha256=DATA_SHA256,
        split=parts,
        options=OPTIONS,
        growth=GROWTH,
        categories=trained.scorers["clause"].labels,
        unsupported=trained.unsupported,
        trained_on=_TRIAL,
        report=report,
    )


def categories_of(contracts: Sequence[Contract]) -> list[str]:
    """Return every category of the contracts, ascending."""
    categories: set[str] = set()
    for contract in contracts:
        categories |= contract.answers.keys()
    return sorted(categories)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train a model, measure its like on the dev contracts, and write the artefact."""
    parser = argparse.ArgumentParser(description="Train the clause model on CUAD.")
    parser.add_argument(
        "--data",
        type=Path,
        help="cuad_train.json.gz, or name it in INTERLOCK_CUAD",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=SHIPPED,
        help="folder to write, the shipped artefact by default",
    )
    options = parser.parse_args(arguments)
    begun = time.monotonic()
    contracts = read(options.data)
    parts = split(contracts)
    categories = categories_of(contracts)
    report = tried(train(parts.train, categories), parts)
    size = shipped(options.out, train(contracts, categories), parts, report)
    took = time.monotonic() - begun
    _say(f"micro {report.micro}, macro {report.macro}, {size} bytes, {took:.0f} s")


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
