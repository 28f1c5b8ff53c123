"""Floods a home by a hostile planner.

Run `python -m interlock.evals.floods --calls 10000 --json`. The planner's run ends long before
that, so a new run is started for it again and again. Exit code 1 when one run takes more than
50 MB of disk, more questions wait than may, a run is left running, or the ledger does not verify.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from interlock.evals.floods.flood import flood


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
        "--json",
        action="store_true",
        help="one JSON object instead of lines",
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(flood(Path(folder), calls=options.calls))
    counts = asdict(report)
    if options.json:
        text = json.dumps(counts, indent=1)
        sys.stdout.write(f"{text}\n")
    else:
        sys.stdout.writelines(f"{name}: {count}\n" for name, count in counts.items())
    return 0 if report.held else 1


if __name__ == "__main__":
    sys.exit(main())
