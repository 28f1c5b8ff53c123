"""Ends runs while the courier that tells of them is killed at random, and counts what was told.

Run `python -m interlock.evals.webhooks --events 500 --kills 20 --json`. Exit code 1 unless the
receiver was told of every run under one id, every message verifies, and the ledger does too. That a
message came more than once is no failure: the promise is at least once.
"""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from interlock.evals import report
from interlock.evals.webhooks.trial import attempt


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the trial, print what came of it, and return the exit code."""
    parser = report.parser("Kill the courier of webhooks while it delivers.")
    parser.add_argument("--events", type=int, default=500, help="how many runs end")
    parser.add_argument("--kills", type=int, default=20, help="how often")
    parser.add_argument("--seed", type=int, default=7, help="decides about the moments")
    parser.add_argument(
        "--database",
        default="",
        help="an empty database by its URL, not a new file of SQLite",
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as made:
        outcome = asyncio.run(
            attempt(
                Path(made),
                database=options.database,
                events=options.events,
                kills=options.kills,
                seed=options.seed,
            )
        )
    return report.tell(outcome, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
