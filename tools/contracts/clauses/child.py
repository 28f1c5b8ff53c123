"""The confined process that finds the clauses of one text: UTF-8 on stdin, one JSON object out.

The model is read when this module is loaded, before the process gives up its files. One thread does
the work: a library that reserves memory for a thread of each processor would not fit the limits.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import sys
from typing import Final

from interlock.tools.contracts.clauses.model import ClauseModel
from interlock.tools.contracts.clauses.wire import encoded, failed
from interlock.tools.sandbox.limits import Isolation

_MODEL: Final = ClauseModel.load()


def main(_: Isolation) -> int:
    """Find the clauses of the text on stdin, answer on stdout, and return the exit status."""
    try:
        text = sys.stdin.buffer.read().decode()
        answer = encoded(_MODEL.version, _MODEL.find(text))
    except MemoryError:
        answer = failed("limit")
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    return 0
