"""A process that imports once and forks a child for each order: each child is one program.

An order is one line of JSON on standard input, answered by one line on standard output. A program
is `interlock` or `python` with its arguments, in a folder and an environment of its own, its output
in two files. When standard input ends, every child is killed.
"""

import json
import os
import runpy
import signal
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from interlock.runtime.run import claim
from interlock.serving.cli import main as command_line

#: What a command imports sooner or later
_WARM: Final = (
    "interlock.agents.contract_review",
    "interlock.evals.demo.command",
    "interlock.runtime.policy.engine.embedded",
    "interlock.serving.cli.approvals",
    "interlock.serving.cli.review",
    "interlock.serving.cli.run",
    "interlock.serving.home",
)
_PAUSE_S: Final = 0.005


def main() -> None:
    """Fork, or wait, until there are no more orders."""
    for name in _WARM:
        import_module(name)
    living: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        if "words" in order:
            answer = os.fork()
            if answer == 0:
                _be(order)
            living.add(answer)
        else:
            answer = _ended(order["wait"], order["within_s"])
            living.discard(order["wait"])
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    for pid in living:
        os.kill(pid, signal.SIGKILL)


def _ended(pid: int, within_s: float) -> int:
    """Return how the child ended, as a shell counts; it is killed when its time is over."""
    deadline = time.monotonic() + within_s
    ended, status = os.waitpid(pid, os.WNOHANG)
    while not ended:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(_PAUSE_S)
        ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status)


def _be(order: dict[str, Any]) -> None:
    """Be the program; never returns."""
    code: Any = 1
    try:
        _redirect(order["output"])
        os.chdir(order["folder"])
        os.environ.clear()
        os.environ.update(order["environment"])
        setattr(claim, "_INSTANCE", os.urandom(4).hex())  # noqa: B010 - a constant of a process that was forked
        try:
            _run(*order["words"])
            code = 0
        except SystemExit as end:
            code = end.code or 0
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code if isinstance(code, int) else 1)


def _run(program: str, *words: str) -> None:
    """Run a program as its own process would."""
    if program == "interlock":
        sys.path[0] = str(Path(sys.prefix, "bin"))
        sys.argv = [program, *words]
        command_line()
    elif words[0] == "-m":
        sys.path[0] = str(Path.cwd())
        sys.argv = list(words[1:])
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = str(Path(words[0]).resolve().parent)
        sys.argv = list(words)
        runpy.run_path(words[0], run_name="__main__")


def _redirect(output: str) -> None:
    flags = os.O_WRONLY | os.O_TRUNC | os.O_CREAT
    for descriptor, suffix in ((1, "out"), (2, "err")):
        file = os.open(f"{output}.{suffix}", flags, 0o600)
        os.dup2(file, descriptor)
        os.close(file)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)


if __name__ == "__main__":
    main()
