"""What was wrong with what a person sent, as the page says it above everything else."""

from dataclasses import dataclass
from typing import Final

from interlock.serving.queue.difference import Change


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """Why nothing was done, and what the person had written."""

    status: int = 200
    code: str = ""
    words: str = ""
    note: str = ""
    #: The arguments of an edit, as the person wrote them; empty for any other
    arguments: str = ""
    #: What is other now than what the person was shown
    changes: tuple[Change, ...] = ()


NO_TROUBLE: Final = Trouble()
