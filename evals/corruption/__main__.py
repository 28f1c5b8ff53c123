"""Damages the database of a small home, in which an approved mail waits, and resumes the run.

Run `python -m interlock.evals.corruption --trials 200 --json`. Exit code 1 when a mail was sent on
a database that `audit verify --state` calls broken, or when a failure was no error of ours.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from interlock.evals.corruption.trial import corrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trials, print what came of them on standard output, and return the exit code."""
    parser = argparse.ArgumentParser(description="Act on damaged databases.")
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
    parser.add_argument(
        "--json",
        action="store_true",
        help="one JSON object instead of lines",
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as made:
        report = asyncio.run(
            corrupt(Path(made), trials=options.trials, seed=options.seed)
        )
    counts = asdict(report)
    if options.json:
        text = json.dumps(counts, indent=1)
        sys.stdout.write(f"{text}\n")
    else:
        sys.stdout.writelines(f"{name}: {count}\n" for name, count in counts.items())
    return 0 if report.held else 1


if __name__ == "__main__":
    sys.exit(main())
