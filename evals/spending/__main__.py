"""Spends from one tenant's tree of budgets in several processes, and kills them.

Run `python -m interlock.evals.spending --spenders 100 --processes 4 --kills 20 --json`. The
database must be empty and is written to. Exit code 1 when a budget stood beyond a limit, when a
budget is not the sum of those below, or when what a process was told is not what is spent.
"""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from interlock.evals import report
from interlock.evals.spending.drill import drill


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the drill, print what came of it on standard output, and return the exit code."""
    parser = report.parser("Spend in several processes, and kill them.")
    parser.add_argument(
        "--spenders",
        type=int,
        default=100,
        help="of all processes",
    )
    parser.add_argument(
        "--processes",
        type=int,
        default=4,
        help="at any time",
    )
    parser.add_argument(
        "--kills",
        type=int,
        default=20,
        help="how many",
    )
    parser.add_argument(
        "--database",
        help="an empty database by its URL, not a new file of SQLite",
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        url = options.database or f"sqlite:///{folder / 'spending.db'}"
        work = drill(
            url,
            folder,
            spenders=options.spenders,
            processes=options.processes,
            kills=options.kills,
        )
        outcome = asyncio.run(work)
    return report.tell(
        outcome,
        as_json=options.json,
    )


if __name__ == "__main__":
    sys.exit(main())
