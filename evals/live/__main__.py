"""Fetches the model of the suite `live`: `python -m interlock.evals.live`.

It takes 1.2 GB in the folder `.cache/interlock/live` of the home directory. Delete the folder to be
rid of it.
"""

import sys

from interlock.evals.live import weights
from interlock.runtime.errors import InterlockError


def main() -> int:
    """Fetch what is missing, say where it is, and return the exit code."""
    try:
        place = weights.fetch()
    except InterlockError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(f"{weights.NAME} is in {place.folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
