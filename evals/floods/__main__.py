"""Floods a home by a hostile planner.

Run `python -m interlock.evals.floods --calls 10000 --json`. The planner's run ends long before
that, so a new run is started for it again and again. Each shape of a flood has a home of its own.
Exit code 1 when one takes more of the disk than 50 MB for 10,000 calls, more questions wait than
may, a run is left running, or the ledger does not verify.
"""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from interlock.evals import report
from interlock.evals.floods.flood import SHAPES, Report, Shape, flood


def main(arguments: Sequence[str] | None = None) -> int:
    """Flood, print what was left on standard output, and return the exit code."""
    parser = report.parser("Let a hostile planner propose what it likes.")
    parser.add_argument(
        "--calls",
        type=int,
        default=10_000,
        help="how many calls are proposed",
    )
    parser.add_argument(
        "--shape",
        choices=get_args(Shape),
        action="append",
        help="only floods of this shape; may be given again",
    )
    options = parser.parse_args(arguments)
    reports = [_flooded(shape, options.calls) for shape in options.shape or SHAPES]
    return report.tell_all(reports, as_json=options.json)


def _flooded(shape: Shape, calls: int) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(flood(Path(folder), calls=calls, shape=shape))


if __name__ == "__main__":
    sys.exit(main())
