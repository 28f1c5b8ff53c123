"""Races a kill switch and an effect on a database.

Run `python -m interlock.evals.races --database URL --races 300 --json`. The database must be empty
and is written to. Exit code 1 when an effect was begun after the acknowledgement of a switch that
covers it, or when the ledger does not verify.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from interlock.evals.races.race import race


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the races, print what came of them on standard output, and return the exit code."""
    parser = argparse.ArgumentParser(
        description="Race a kill switch and an effect on one database."
    )
    parser.add_argument(
        "--database",
        help="an empty database by its URL, not a new file of SQLite",
    )
    parser.add_argument(
        "--races",
        type=int,
        default=300,
        help="how often",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="one JSON object instead of lines",
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        url = options.database or f"sqlite:///{folder / 'races.db'}"
        report = asyncio.run(race(url, folder, races=options.races))
    counts = asdict(report)
    if options.json:
        text = json.dumps(counts, indent=1)
        sys.stdout.write(f"{text}\n")
    else:
        sys.stdout.writelines(f"{name}: {count}\n" for name, count in counts.items())
    return 0 if report.held else 1


if __name__ == "__main__":
    sys.exit(main())
