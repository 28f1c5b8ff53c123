"""How far a job is, how fast it goes, and how long it will take at that."""

from dataclasses import dataclass
from typing import Any

_MINUTE = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Documents that are over, of all, since the job was begun."""

    over: int
    documents: int
    seconds: int

    @property
    def rate(self) -> float:
        """Documents a minute, over the whole life of the job."""
        return _MINUTE * self.over / max(1, self.seconds)

    @property
    def minutes_left(self) -> int | None:
        """Minutes until all are over at this rate; None where nothing can be said yet."""
        if not self.over or self.over >= self.documents:
            return None
        left = self.documents - self.over
        return -(-left * max(1, self.seconds) // (self.over * _MINUTE))


def progress(job: dict[str, Any], *, now: int) -> Progress:
    """Return the progress of a job as `batches.summary` shows the job."""
    return Progress(
        over=job["over"],
        documents=job["documents"],
        seconds=now - job["created"],
    )
