"""Calls: which models one question may still go to, and which have failed it."""

from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from interlock.tools.models.generation import Generate

#: More questions than are open at a time in one process
MOST_CALLS: Final = 4_096
#: Of one question, over all claims of its run; the door asks no more often
MOST_MOVES: Final = 6
_SEVERAL: Final = 2


@dataclass(kw_only=True, slots=True)
class Call:
    """One question of one run, over all its tries."""

    #: The names of the candidates that the run's data may go to
    eligible: frozenset[str] = frozenset()
    #: The names of those that failed, since the question was asked first by this claim of the run
    tried: set[str] = field(default_factory=set)

    def has_other(self, arguments: Generate) -> bool:
        """Whether another candidate may be asked than those that failed already.

        Where a run was held in between, all of them may: whoever was away may be back.
        """
        if len(self.eligible) < _SEVERAL or len(arguments.after) >= MOST_MOVES:
            return False
        return bool(self.eligible - self.tried)


class Calls:
    """The questions of one process, the latest so many; what is forgotten is asked anew."""

    def __init__(self) -> None:
        self._calls: OrderedDict[bytes, Call] = OrderedDict()

    def of(self, run_id: str, arguments: Generate) -> Call:
        """Return what is known of the question."""
        key = _key(run_id, arguments)
        call = self._calls.setdefault(key, Call())
        self._calls.move_to_end(key)
        if len(self._calls) > MOST_CALLS:
            self._calls.popitem(last=False)
        return call


def _key(run_id: str, arguments: Generate) -> bytes:
    """Return what stands for the question, whichever of its tries *arguments* are."""
    parts = (
        run_id,
        arguments.model,
        arguments.purpose,
        arguments.messages,
        arguments.tools,
        arguments.form,
    )
    asked = sha256()
    for part in parts:
        text = part.encode("utf-8", "surrogatepass")
        asked.update(len(text).to_bytes(8) + text)
    return asked.digest()
