"""The confined child that tries to get out: the proof that the confinement of a machine holds.

Every attempt is harmless where nothing stops it.
"""

import ctypes
import json
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from interlock.tools.sandbox.limits import Isolation

ATTEMPTS: Final[Mapping[str, Callable[[], object]]] = {
    "opened a socket": lambda: socket.socket().close(),
    "looked up a host": lambda: socket.getaddrinfo("localhost", 80),
    "read another file": lambda: Path("/proc/self/environ").read_bytes(),
    "opened a file to write": lambda: os.close(os.open(os.devnull, os.O_WRONLY)),
    "started a process": lambda: subprocess.run(
        [sys.executable, "-c", ""], check=False
    ),
    "signalled a process": lambda: os.kill(os.getpid(), 0),
    "loaded a library": lambda: ctypes.CDLL(None),
}
_NOTHING: Final = {
    "file size": resource.RLIMIT_FSIZE,
    "processes": resource.RLIMIT_NPROC,
    "core file": resource.RLIMIT_CORE,
}


def main(isolation: Isolation) -> int:
    """Try every way out of this confined process, and print those that worked.

    What isolates the process is printed beside them.
    """
    escapes = [name for name, attempt in ATTEMPTS.items() if not _refused(attempt)]
    for name, limit in _NOTHING.items():
        _, hard = resource.getrlimit(limit)
        if hard != 0:
            escapes.append(f"kept a limit on {name}")
    json.dump({"isolation": asdict(isolation), "escapes": escapes}, sys.stdout)
    sys.stdout.flush()
    return 0


def _refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except PermissionError:
        return True
    except OSError:
        return False  # something else was in the way: that is no guard
    return False
