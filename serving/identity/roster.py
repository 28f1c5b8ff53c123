"""The roster: who is listed, with which roles, at this moment."""

import time
from pathlib import Path
from typing import Final, TypeAlias

from interlock.runtime.policy.request import identity
from interlock.serving import people
from interlock.serving.people import Person

_Version: TypeAlias = tuple[int, int, int]
#: A file that was written so lately may change again without a new time
_UNSETTLED_NS: Final = 2_000_000_000


class Roster:
    """Reads the list of people again whenever it has changed, so no role outlives its loss.

    Raises `BadInput` where the list cannot be used (fails closed).
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._version: _Version | None = None
        self._people: dict[str, Person] = {}

    def person(self, name: str) -> Person | None:
        """Return the person of that name, in whatever letters, as listed; None for nobody."""
        version = self._current()
        if version is None or version != self._version:
            everyone = people.load(self._file).values()
            self._people = {identity(person.id): person for person in everyone}
            self._version = version
        return self._people.get(identity(name))

    def _current(self) -> _Version | None:
        """Return the version of the file; None for one that is not there or not yet settled."""
        try:
            state = self._file.stat()
        except OSError:
            return None
        if time.time_ns() - state.st_mtime_ns < _UNSETTLED_NS:
            return None
        return state.st_mtime_ns, state.st_size, state.st_ino
