"""Sends requests made from the OpenAPI document to a served home, and checks every answer.

Run `python -m interlock.evals.api --examples 100 --json`. Exit code 1 when an answer is a server
error or is not documented. With `-o docs/openapi.json` the document is written, and nothing sent.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from interlock.evals import report
from interlock.evals.api.trial import attempt, document


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the trial, print what came of it, and return the exit code."""
    parser = report.parser("Try the HTTP API by its own document.")
    parser.add_argument("--examples", type=int, default=100, help="for each operation")
    parser.add_argument(
        "--seed", type=int, default=7, help="decides about the requests"
    )
    parser.add_argument("-o", "--output", type=Path, help="write the document here")
    options = parser.parse_args(arguments)
    if options.output is not None:
        with tempfile.TemporaryDirectory() as made:
            options.output.write_text(document(Path(made)), "utf-8")
        return 0
    with tempfile.TemporaryDirectory() as made:
        outcome = attempt(Path(made), examples=options.examples, number=options.seed)
    return report.tell(outcome, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
