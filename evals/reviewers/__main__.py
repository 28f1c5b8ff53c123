"""Lets two scripts review the same queue, one that reads and one that always approves.

Run `python -m interlock.evals.reviewers --approvals 100 --json`. Exit code 1 unless the reader
caught every canary and approved all work in less than five minutes of page time, and the other one
missed every canary, lost the right to approve, and both stand on the page.
"""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from interlock.evals import report
from interlock.evals.reviewers.trial import attempt


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the trial, print what came of it, and return the exit code."""
    parser = report.parser("Review a queue by script.")
    parser.add_argument(
        "--approvals",
        type=int,
        default=100,
        help="how many in all",
    )
    parser.add_argument(
        "--canaries",
        type=int,
        default=20,
        help="how many of them",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=7,
        help="decides about the canaries",
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as made:
        outcome = asyncio.run(
            attempt(
                Path(made),
                work=options.approvals - options.canaries,
                canaries=options.canaries,
                seed=options.seed,
            )
        )
    return report.tell(outcome, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
