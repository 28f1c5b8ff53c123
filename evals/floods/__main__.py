"""Floods a home by a hostile planner.

Run `python -m interlock.evals.floods --calls 10000 --json`. The planner's run ends long before
that, so a new run is started for it again and again. Each shape of a flood has a home of its own.
Exit code 1 when one takes more of the disk than 50 MB for 10,000 calls, more questions wait than
may, a run is left running, or the ledger does not verify.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from interlock.evals.floods.flood import SHAPES, Report, Shape, flood


def main(arguments: Sequence[str] | None = None) -> int:
    """Flood, print what was left on standard output, and return the exit code."""
    parser = argparse.ArgumentParser(
        description="Let a hostile planner propose what it likes."
    )
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
    parser.add_argument(
        "--json",
        action="store_true",
        help="one JSON object instead of lines",
    )
    options = parser.parse_args(arguments)
    reports = [_flooded(shape, options.calls) for shape in options.shape or SHAPES]
    counts = [asdict(report) for report in reports]
    if options.json:
        text = json.dumps(counts, indent=1)
        sys.stdout.write(f"{text}\n")
    else:
        sys.stdout.writelines(
            f"{name}: {count}\n" for one in counts for name, count in one.items()
        )
    return 0 if all(report.held for report in reports) else 1


def _flooded(shape: Shape, calls: int) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(flood(Path(folder), calls=calls, shape=shape))


if __name__ == "__main__":
    sys.exit(main())
