"""Submits runs to a server that is killed at random, and counts them afterwards.

Run `python -m interlock.evals.submissions --submissions 1000 --kills 10 --json`. Every submission
has an Idempotency-Key and is sent until it is acknowledged. Exit code 1 unless every acknowledged
run is there, no key has two runs, and the ledger verifies.
"""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from interlock.evals import report
from interlock.evals.submissions.trial import attempt


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the trial, print what came of it, and return the exit code."""
    parser = report.parser("Kill a server while it takes runs.")
    parser.add_argument("--submissions", type=int, default=1_000, help="how many")
    parser.add_argument("--kills", type=int, default=10, help="how often")
    parser.add_argument("--clients", type=int, default=16, help="how many at once")
    parser.add_argument("--seed", type=int, default=7, help="decides about the moments")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as made:
        outcome = asyncio.run(
            attempt(
                Path(made),
                submissions=options.submissions,
                kills=options.kills,
                clients=options.clients,
                seed=options.seed,
            )
        )
    return report.tell(outcome, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
