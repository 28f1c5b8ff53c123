"""What was wrong with what a person sent, as the page says it above everything else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from interlock.runtime.errors import InterlockError
from interlock.serving.queue.difference import Change
from interlock.serving.queue.fields import Field


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """Why nothing was done, and what the person had written."""

    status: int = 200
    code: str = ""
    words: str = ""
    note: str = ""
    #: The form that was sent: the last word of its address
    form: str = ""
    #: Whom it names, where it names somebody
    to: str = ""
    #: The arguments of an edit, as the person wrote them; empty for any other
    fields: tuple[Field, ...] = ()
    #: What is other now than what the person was shown
    changes: tuple[Change, ...] = ()


NO_TROUBLE: Final = Trouble()
#: What the words of an error say for the command line, as a page says it
_WORDS: Final[Mapping[str, str]] = {
    "evidence_changed": "What waits now is not what you were shown. Look at it, then decide.",
    "decided_already": "Somebody has decided it meanwhile.",
    "expired": "Nobody decided in time, and nothing can be decided any more.",
    "not_waiting": "It does not wait any more: the run has ended, or asked anew.",
    "role_missing": "Whoever decides needs the role that is asked for: name somebody with it.",
    "not_claimed": "Nobody looks at it now.",
    "nothing_asked": "No question about it is open.",
}


def words_of(error: InterlockError) -> str:
    """Return what was wrong, for people who look at a page."""
    return _WORDS.get(error.code, str(error))
