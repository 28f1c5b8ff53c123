"""Who finds the clauses of a text: the model in a confined child process, one text at a time.

The work on a text is bounded by the child's limits, and ends when its caller is cancelled. A text
that wants more is refused with a code; nothing is answered in part without a word.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Final, Protocol

from interlock.runtime.door.tool import ToolFailed
from interlock.tools.contracts.clauses import Answers
from interlock.tools.contracts.clauses.provenance import SHIPPED, Provenance
from interlock.tools.contracts.clauses.wire import MAX_BYTES, accepted
from interlock.tools.sandbox.limits import Limits, Refusal
from interlock.tools.sandbox.process import command, run

_CHILD: Final = "interlock.tools.contracts.clauses.child"


class Finder(Protocol):
    """Finds the clauses of texts."""

    @property
    def version(self) -> str:
        """The short digest of the model."""

    @property
    def unsupported(self) -> tuple[str, ...]:
        """The categories that are not looked for."""

    async def find(self, text: str) -> Answers:
        """Return what is found in a text; `ToolFailed` when the text wants too much."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfinedFinder:
    """The shipped model in a confined child; one finder serves a whole process.

    One child runs at a time, so the memory of all together is that of one.
    """

    version: str
    #: Every category that there is
    categories: tuple[str, ...]
    unsupported: tuple[str, ...]
    limits: Limits = field(default_factory=Limits)
    _turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    @classmethod
    def shipped(cls, limits: Limits | None = None) -> "ConfinedFinder":
        """Return a finder over the shipped model; `ArtefactError` when the model is not whole."""
        model = Provenance.verified(SHIPPED)
        return cls(
            version=model.version,
            categories=model.categories,
            unsupported=model.unsupported,
            limits=limits or Limits(),
        )

    async def find(self, text: str) -> Answers:
        """Return what the child finds in a text.

        `ToolFailed` with the code `clauses_limit`, `clauses_malformed` or `clauses_unreadable` when
        the child wanted too much, crashed, or answered out of form.
        """
        async with self._turn:
            try:
                answer = await run(
                    command(_CHILD, limits=self.limits),
                    text.encode(),
                    wall_s=self.limits.wall_s,
                    max_output=MAX_BYTES,
                )
                return accepted(answer, text=text, version=self.version)
            except Refusal as refusal:
                raise ToolFailed(
                    code=f"clauses_{refusal.code}",
                    detail=f"the clauses were not looked for: {refusal.detail}",
                ) from None
