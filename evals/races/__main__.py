"""Races a kill switch and an effect on a database.

Run `python -m interlock.evals.races --database URL --races 300 --json`. The database must be empty
and is written to. Exit code 1 when an effect was begun after the acknowledgement of a switch that
covers it, or when the ledger does not verify.
"""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from interlock.evals import report
from interlock.evals.races.race import race


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the races, print what came of them on standard output, and return the exit code."""
    parser = report.parser("Race a kill switch and an effect on one database.")
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
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        url = options.database or f"sqlite:///{folder / 'races.db'}"
        outcome = asyncio.run(race(url, folder, races=options.races))
    return report.tell(outcome, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
