"""Workers: the process that holds a run, and whether it may still be running."""

import os
import socket


def own() -> str:
    """Return the name of this process as a worker: host and process id."""
    return f"{socket.gethostname()}:{os.getpid()}"


def may_live(owner: str, *, me: str) -> bool:
    """Whether *owner* may still be running, as *me* sees it: unknown (another host) counts as alive (fails closed)."""
    host, _, pid = owner.rpartition(":")
    if host != me.rpartition(":")[0]:
        return True
    if owner == me:
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
