"""Carries many contracts through one job while its processes are killed at random.

Run `python -m interlock.evals.batches --contracts 1000 --kills 20 --json`. The texts are those of
CUAD, repeated with a line of their own, or with `--own` those of this repository. The workers and
the submission are processes of their own. With `--step` the budget of the job is used up again and
again, and the kills hit what works while it is raised. Exit code 1 unless each contract has exactly
one record and one report, the job spent what its documents spent, memory stayed flat and the ledger
verifies.
"""

import asyncio
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from interlock.evals import report
from interlock.evals.batches import contracts
from interlock.evals.batches.trial import Size, attempt


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry the batch through, print what came of it, and return the exit code."""
    options = _parser().parse_args(arguments)
    size = Size(
        contracts=options.contracts,
        kills=options.kills,
        workers=options.workers,
        seed=options.seed,
        step=options.step,
    )
    texts = contracts.own() if options.own else contracts.cuad()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        contracts.write(folder / "contracts", texts, number=size.contracts)
        outcome = asyncio.run(attempt(folder, size, database=options.database))
    return report.tell(outcome, as_json=options.json)


def _parser() -> ArgumentParser:
    parser = report.parser("Kill what works on a batch, again and again.")
    parser.add_argument("--contracts", type=int, default=1_000, help="how many")
    parser.add_argument("--kills", type=int, default=20, help="how often")
    parser.add_argument("--workers", type=int, default=2, help="how many processes")
    parser.add_argument("--seed", type=int, default=7, help="decides about the moments")
    parser.add_argument(
        "--step",
        type=int,
        default=0,
        help="effects of the job's budget, raised by as many whenever they are used up",
    )
    parser.add_argument(
        "--database",
        help="an empty database by its URL, not a new file of SQLite",
    )
    parser.add_argument(
        "--own",
        action="store_true",
        help="texts of this repository, not those of CUAD",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
