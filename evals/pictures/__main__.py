"""Draws and reads a corpus of hostile PDFs.

Run `python -m interlock.evals.pictures --json`. Exit code 1 when a file is neither drawn nor
refused by one code in time, its text is neither read nor refused so, this process grows by it, or a
sound file is not drawn afterwards.
"""

import asyncio
import sys
from collections.abc import Sequence

from interlock.evals import report
from interlock.evals.pictures.corpus import CORPUS
from interlock.evals.pictures.trial import tried


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the files, print what came of each on standard output, and return the exit code."""
    parser = report.parser("Draw and read hostile PDFs.")
    parser.add_argument(
        "--only",
        choices=list(CORPUS),
        action="append",
        help="only the file of this name; may be given again",
    )
    options = parser.parse_args(arguments)
    reports = [asyncio.run(tried(name)) for name in options.only or CORPUS]
    return report.tell_all(reports, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
