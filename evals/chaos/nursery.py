"""A process that imports once and forks a child for each order: each child is one command.

An order is one line of JSON on standard input: the words of an `interlock` command, and the file
for its output. Told on standard output, one line each: which child was begun, and how it ended.
When standard input ends, every child is killed.
"""

import json
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

from interlock.evals.chaos import faulty
from interlock.runtime.run import claim
from interlock.serving.cli.application import run_command

#: What a worker imports sooner or later
_WARM: Final = (
    "interlock.evals.chaos.agent",
    "interlock.serving.home",
    "interlock.serving.cli.worker",
    "interlock.serving.cli.run",
    "interlock.serving.operations.workers",
    "interlock.serving.operations.runs",
    "interlock.runtime.policy.engine.embedded",
)
_ENDED: Final = {signal.SIGCHLD}


def main() -> None:
    """Fork until there are no more orders."""
    for name in _WARM:
        import_module(name)
    living: set[int] = set()

    def heard(_number: int, _frame: object) -> None:
        reap(living)

    signal.signal(signal.SIGCHLD, heard)
    _tell({"ready": os.getpid()})
    for line in sys.stdin:
        order = json.loads(line)
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDED)
        pid = os.fork()
        if pid == 0:
            _be(order)
        living.add(pid)
        _tell({"begun": pid, "order": order["order"]})
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDED)
    for pid in list(living):
        os.kill(pid, signal.SIGKILL)


def reap(living: set[int]) -> None:
    """Tell of every child that has ended, and take the child out of *living*.

    Another signal may come in the middle. Then an inner call has reaped the child.
    """
    for pid in list(living):
        with suppress(ChildProcessError):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                living.discard(pid)
                _tell({"ended": pid, "code": os.waitstatus_to_exitcode(status)})


def _be(order: dict[str, Any]) -> None:
    """Be the command; never returns."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDED)
        _redirect(order["output"])
        setattr(claim, "_INSTANCE", os.urandom(4).hex())  # noqa: B010 - a constant of a process that was forked
        if order["lease_s"]:
            faulty.arm(lease_s=order["lease_s"])
        sys.argv = ["interlock", *order["words"]]
        code = run_command()
        sys.stdout.flush()
    finally:
        os._exit(code)


def _redirect(output: str) -> None:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    for descriptor, suffix in ((1, "out"), (2, "err")):
        file = os.open(f"{output}.{suffix}", flags, 0o600)
        os.dup2(file, descriptor)
        os.close(file)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)


def _tell(what: dict[str, Any]) -> None:
    # Written at once: a signal may come in the middle of a buffered write.
    os.write(1, f"{json.dumps(what)}\n".encode())


if __name__ == "__main__":
    main()
