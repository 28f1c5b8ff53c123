"""Trains the clause model and writes its artefact.

Run `python -m interlock.evals.extraction.train`. The artefact is trained on the train side of the
split alone. The figures in `training.json` are on the dev side, where no weight, calibration or
threshold was fitted; the record names what a person set after reading dev contracts. The same data,
options and library versions give the same bytes. Progress goes to standard error.
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from interlock.evals.extraction.data import DATA_SHA256, Contract, read
from interlock.evals.extraction.examples import Examples, examples, head_examples
from interlock.evals.extraction.fit import Options, Table, fit
from interlock.evals.extraction.measure import measure
from interlock.evals.extraction.record import Training, packed, write
from interlock.evals.extraction.split import folds, split
from interlock.tools.contracts.clauses.heads import CATEGORIES
from interlock.tools.contracts.clauses.model import ClauseModel
from interlock.tools.contracts.clauses.weights import SHIPPED, Linear

OPTIONS: Mapping[str, Options] = {
    # content-word pairs (the third group) were left out because they lowered average precision on
    # the training folds
    "clause": Options(
        c=0.5,
        least=(3, 3, None, 5, 5, 3, 1, 3),
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


def train(
    contracts: Sequence[Contract],
    categories: Sequence[str],
    options: Mapping[str, Options] = OPTIONS,
) -> dict[str, Linear]:
    """Return one fitted scorer for whole clauses and one for each kind of head, by name."""
    scorers: dict[str, Linear] = {}
    for name, option in options.items():
        begun = time.monotonic()
        if name == "clause":
            table = examples(contracts, categories)
            scorers[name] = _fitted(contracts, table, categories, option)
        for kind, labels in CATEGORIES.items():
            if kind == name:
                table = head_examples(contracts, kind)
                scorers[name] = _fitted(contracts, table, labels, option)
        _say(f"{name}: fitted in {time.monotonic() - begun:.0f} s")
    return scorers


def _fitted(
    contracts: Sequence[Contract],
    table: Examples,
    labels: Sequence[str],
    options: Options,
) -> Linear:
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
    return fitted.linear


def main(arguments: Sequence[str] | None = None) -> None:
    """Train a model, measure it on the dev contracts, and write the artefact."""
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
    categories: set[str] = set()
    for contract in contracts:
        categories |= contract.answers.keys()
    weights = packed(train(parts.train, sorted(categories)))
    training = Training(
        data_sha256=DATA_SHA256,
        split=parts,
        options=OPTIONS,
        report=None,
    )
    # What is measured is what is shipped: the scorers as they come back from the file
    write(options.out, weights, training)
    report = measure(ClauseModel.load(options.out), parts.dev)
    write(options.out, weights, replace(training, report=report))
    took = time.monotonic() - begun
    _say(
        f"micro {report.micro}, macro {report.macro}, {len(weights)} bytes, {took:.0f} s"
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
