"""Restarts: how long to wait before the next one, and when there are too many."""

from collections import deque

from interlock.serving.vllm.model import Patience


class Restarts:
    """The restarts of one replica within a window of time.

    A replica that serves longer than the window begins anew.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._moments: deque[float] = deque()

    def pause(self, now: float) -> float | None:
        """Count a restart at *now*, and return the seconds to wait before it.

        Returns None when the window has as many as there may be: the replica has failed.
        """
        patience = self._patience
        while self._moments and now - self._moments[0] > patience.restarts_within_s:
            self._moments.popleft()
        before = len(self._moments)
        if before >= patience.restarts:
            return None
        self._moments.append(now)
        return min(patience.longest_pause_s, patience.first_pause_s * 2.0**before)
