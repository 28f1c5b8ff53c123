"""The replicas of a served model: where each is, and whether requests may go to it.

Whoever keeps the replicas writes them, `interlock models serve`; whoever sends requests reads them
before each one. Both see one file of the home, which is replaced as a whole.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal, TypeAlias

from pydantic import ValidationError

from interlock.runtime.door.tool import Value
from interlock.tools import files

#: starting: its server is not ready yet. ready: requests may go to it. draining: it ends what it
#: has and gets no more. down: it is started anew soon. failed: it broke too often, and a person
#: must look. stopped: somebody wanted it so
State: TypeAlias = Literal[
    "starting",
    "ready",
    "draining",
    "down",
    "failed",
    "stopped",
]
#: The folder of the home that has a file for each model
FOLDER: Final = "models"


class Replica(Value):
    """One server of a model."""

    #: The base of its API, such as http://127.0.0.1:8000/v1
    url: str
    state: State
    #: When it came to be so, in seconds of the epoch
    since: int
    #: Why, where that is no matter of course: "out_of_memory: ..."
    why: str = ""


class Replicas(Value):
    """The replicas of one model, in their order."""

    model: str
    replicas: tuple[Replica, ...] = ()


def place(home: Path, model: str) -> Path:
    """Return the file that says what the replicas of *model* are."""
    return home / FOLDER / f"{model}.json"


def write(home: Path, replicas: Replicas) -> None:
    """Replace what the home says of one model; see `interlock.tools.files.write`."""
    content = replicas.model_dump_json().encode()
    files.write(place(home, replicas.model), content)


def read(home: Path, model: str) -> tuple[Replica, ...]:
    """Return the replicas of *model*: none where nobody serves the model.

    A file that cannot be read has none either: no request is sent where nobody said that a server
    is (fails closed).
    """
    try:
        content = place(home, model).read_bytes()
        return Replicas.model_validate_json(content).replicas
    except (OSError, ValidationError):
        return ()


def nearest(replicas: Sequence[Replica], key: str) -> tuple[Replica, ...]:
    """Return the replicas that are ready, those first to which requests of *key* belong.

    The order is the same for everybody who asks with that key, such as the digest of a document, so
    one replica has its text in the cache. Where a replica leaves or comes, only the keys that
    belong to it move (rendezvous hashing).
    """
    ready = [replica for replica in replicas if replica.state == "ready"]
    return tuple(sorted(ready, key=lambda replica: _weight(replica.url, key)))


def _weight(url: str, key: str) -> bytes:
    return sha256(f"{url}\n{key}".encode()).digest()
