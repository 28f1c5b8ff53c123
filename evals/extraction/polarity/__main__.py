"""Measures the shipped clause finder on the suite.

Run `python -m interlock.evals.extraction.polarity --json`. The sentences that were open while rules
were written and those held out are counted apart; held-out ones that are wrong are not printed.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from interlock.evals.extraction.polarity.judgement import (
    Judgement,
    is_told_apart,
    judge,
    score,
)
from interlock.evals.extraction.polarity.suite import Says, pairs, sentences
from interlock.tools.contracts.clauses.model import ClauseModel


def main(arguments: Sequence[str] | None = None) -> None:
    """Judge every sentence and pair, and print the scores on standard output."""
    parser = argparse.ArgumentParser(
        description="Measure what the clause finder makes of negation and condition."
    )
    parser.add_argument(
        "--artefact",
        type=Path,
        help="an artefact folder, not the shipped one",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="one JSON object instead of lines",
    )
    options = parser.parse_args(arguments)
    model = ClauseModel.load(options.artefact)
    judgements = [judge(model, sentence) for sentence in sentences()]
    told = [is_told_apart(model, pair) for pair in pairs()]
    scores = _scores(judgements, told)
    if options.json:
        text = json.dumps(scores, indent=1)
        sys.stdout.write(f"{text}\n")
        return
    sys.stdout.writelines(f"{name}: {counts}\n" for name, counts in scores.items())
    sys.stdout.writelines(_wrong(judgements))


def _scores(
    judgements: Sequence[Judgement], told: Sequence[bool]
) -> dict[str, dict[str, Any]]:
    """Return the scores of several selections of the suite."""
    selections = {
        "open": [one for one in judgements if not one.sentence.held_out],
        "held_out": [one for one in judgements if one.sentence.held_out],
        "all": list(judgements),
    }
    for says in get_args(Says):
        selections[says] = [one for one in judgements if one.sentence.says == says]
    scores = {name: asdict(score(chosen)) for name, chosen in selections.items()}
    scores["pairs"] = {"pairs": len(told), "right": sum(told)}
    return scores


def _wrong(judgements: Sequence[Judgement]) -> list[str]:
    """Return a line for each open sentence that is read wrong."""
    lines = []
    for judgement in judgements:
        sentence = judgement.sentence
        if not judgement.right and not sentence.held_out:
            lines.append(
                f"{sentence.category}, {sentence.says}: {judgement.answers or 'nothing'}: "
                f"{sentence.judged!r}\n"
            )
    return lines


if __name__ == "__main__":
    main()
