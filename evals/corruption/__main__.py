"""Damages the database of a small home, in which an approved mail waits, and resumes the run.

Run `python -m interlock.evals.corruption --trials 200 --json`. Exit code 1 when a mail was sent on
a database that `audit verify --state` calls broken, or when a failure was no error of ours.
"""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from interlock.evals import report
from interlock.evals.corruption.trial import corrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trials, print what came of them on standard output, and return the exit code."""
    parser = report.parser("Act on damaged databases.")
    parser.add_argument(
        "--trials",
        type=int,
        default=200,
        help="how many databases are damaged",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        help="the same number damages the same places",
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as made:
        outcome = asyncio.run(
            corrupt(Path(made), trials=options.trials, seed=options.seed)
        )
    return report.tell(outcome, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
