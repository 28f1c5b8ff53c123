"""Claims: one taking-over of a run by one process, and whether the claim may still be at work.

A claim has a token of its own, which stands in the run's row and is checked by every transaction
that writes for the run. A claim of this process is alive from `take` until `give_back`. A claim of
another process on this host is dead when the process is gone. Of any other claim nobody here can
tell, so it counts as alive until its lease is over (fails closed).
"""

import os
import secrets
import socket
from typing import Final

#: The tokens that this process has taken and not given back, of every database it has open
_LIVE: Final[set[str]] = set()
#: Tells this process from another one of the same name, for example in a second container
_INSTANCE: Final = secrets.token_hex(4)


def taker() -> str:
    """Return the name of this process: host, process id and a part that no other process has."""
    return f"{socket.gethostname()}:{os.getpid()}:{_INSTANCE}"


def take() -> str:
    """Return the token of a new claim of this process."""
    token = secrets.token_hex(16)
    _LIVE.add(token)
    return token


def give_back(token: str) -> None:
    """Say that this process works under the claim no more; giving it back twice changes nothing."""
    _LIVE.discard(token)


def may_live(token: str, *, owner: str) -> bool:
    """Whether the process named *owner* may still be at work under the claim."""
    if owner == taker():
        return token in _LIVE
    host, process_id, _ = owner.rsplit(":", 2)
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(process_id), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
