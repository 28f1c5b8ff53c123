"""Settings of workers: how much each does at a time, and what each tenant gets of them."""

from typing import Final

from pydantic import Field

from interlock.runtime.run.share import Share
from interlock.serving.section import Section

_MOST: Final = 256


class Pace(Section):
    """How much one worker does at a time, and how often it looks."""

    concurrency: int = Field(
        default=4, ge=1, le=_MOST, description="Runs that a worker carries on at a time"
    )
    attempts: int = Field(
        default=5,
        ge=1,
        description="Claims of a run that does not get on, after which the run is dead",
    )
    poll_ms: int = Field(
        default=1_000,
        ge=1,
        description="Milliseconds between two looks at the queue when nothing is announced",
    )


class TenantShare(Section):
    """What one tenant gets of all workers."""

    weight: int = Field(
        default=1, ge=1, description="Twice the weight is twice the runs at a time"
    )
    concurrency: int | None = Field(
        default=None,
        ge=1,
        description="At most so many runs at a time, in all workers together",
    )

    @property
    def share(self) -> Share:
        """The share as the queue takes it."""
        return Share(weight=self.weight, concurrency=self.concurrency)
