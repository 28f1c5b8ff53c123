"""Retries: the same model is asked again only where no byte of an answer came, and seldom.

Whoever asks again adds load where there is too much of it. So retries have a budget: a share of the
first tries, with a small beginning. When the budget is used up, nobody asks again.
"""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

import stamina

from interlock.tools.models.no_answer import NoAnswer

# A retry is no news for whoever uses the command line; it stands where somebody set up logging.
logging.getLogger("stamina").addHandler(logging.NullHandler())


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How often one question is asked, and how long anybody waits between two tries."""

    tries: int = 2
    first_wait_s: float = 0.1
    #: A server that asks for more is not waited for; the next model is asked
    most_wait_s: float = 2.0
    #: Of the first tries, and how many there may be at the beginning
    share: float = 0.1
    burst: float = 10.0


class Retries:
    """The budget of retries in one process."""

    def __init__(self, patience: Patience | None = None) -> None:
        self.patience = patience or Patience()
        self._left = self.patience.burst

    async def tries(self) -> AsyncIterator[stamina.Attempt]:
        """Yield the tries of one question, each a block that may raise `NoAnswer`."""
        patience = self.patience
        self._left = min(self._left + patience.share, patience.burst)
        tries = stamina.retry_context(
            on=self._again,
            attempts=patience.tries,
            timeout=None,  # the permit limits the whole
            wait_initial=patience.first_wait_s,
            wait_max=patience.most_wait_s,
            wait_jitter=patience.first_wait_s,
        )
        async for attempt in tries:
            yield attempt

    def _again(self, error: Exception) -> bool | float:
        """Whether the question is asked again, or after how many seconds."""
        if not isinstance(error, NoAnswer) or not error.is_clean:
            return False
        wait_s = error.retry_after_s
        if wait_s is not None and wait_s > self.patience.most_wait_s:
            return False
        if self._left < 1:
            return False
        self._left -= 1
        return True if wait_s is None else wait_s
