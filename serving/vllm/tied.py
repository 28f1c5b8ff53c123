"""Runs a module of Python that ends when the program that started it ends.

It is run by file name, in an environment that has nothing of ours: `python tied.py -m MODULE ...`.
"""

import ctypes
import os
import signal
import sys
from typing import Final

_PARENT_DEATH_SIGNAL: Final = 1


def main() -> None:
    """Become the program that the arguments name; Linux ends it with its parent."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("whoever started it has ended")
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])  # noqa: S606 - the words are those of `command`


if __name__ == "__main__":
    main()
