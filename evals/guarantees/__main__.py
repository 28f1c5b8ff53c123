"""Takes each guard of Interlock away once, and tells which guarantee did not notice.

Run `python -m interlock.evals.guarantees --json`, or with `--database URL` on PostgreSQL, where a
home is made in the database that is named. Exit code 1 when a guarantee did not notice.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict

from interlock.evals.guarantees.proof import prove


def main(arguments: Sequence[str] | None = None) -> int:
    """Take each guard away, print what came of it, and return the exit code."""
    parser = argparse.ArgumentParser(description="Take each guard away once.")
    parser.add_argument(
        "--database",
        help="an empty database by its URL, not a new file of SQLite",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="one JSON object instead of lines",
    )
    options = parser.parse_args(arguments)
    began = time.process_time()
    proofs = asyncio.run(prove(options.database))
    unnoticed = [proof.id for proof in proofs if not proof.noticed]
    report = {
        "guarantees": len(proofs),
        "unnoticed": unnoticed,
        "processor_s": round(time.process_time() - began, 1),
        "proofs": [asdict(proof) for proof in proofs],
    }
    if options.json:
        sys.stdout.write(f"{json.dumps(report, indent=1)}\n")
    else:
        lines = (
            f"{'red' if proof.noticed else 'UNNOTICED'} {proof.id}: {proof.detail}\n"
            for proof in proofs
        )
        sys.stdout.writelines(lines)
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
