"""The model's answers by what was asked: one question has one answer at temperature 0.

So what a policy does not change is not asked again under another, a question for which the time of
one call was too short is answered meanwhile, and a suite that was stopped goes on where it was.
"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from langchain_core.messages import AIMessage, BaseMessage

from interlock.runtime.canonical import digest
from interlock.runtime.policy.decision import Permit
from interlock.tools.models.generate import Model


@dataclass(kw_only=True)
class Memory:
    """Asks the model each question once; lives as long as one run of the suite."""

    model: Model
    #: Keeps each answer from the moment it came, one a line; without a file none is kept
    file: Path | None = None
    #: What else an answer depends on: the model, its seed, the form of its answers
    about: str = ""
    #: Questions that the model was asked in this run of the suite
    questions: int = 0
    _answers: dict[str, asyncio.Task[AIMessage]] = field(default_factory=dict)
    _kept: dict[str, AIMessage] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read what was answered before."""
        self._kept.update(_read(self.file))

    async def answer(
        self, permit: Permit, messages: Sequence[BaseMessage]
    ) -> AIMessage:
        """Return the answer; raises what the model raises, and then asks the next time anew."""
        said = [[message.type, str(message.content)] for message in messages]
        key = digest([self.about, said])
        if key in self._kept:
            return self._kept[key]
        known = self._answers.get(key)
        if known is None or (known.done() and known.exception() is not None):
            self.questions += 1
            known = asyncio.create_task(self._asked(key, permit, messages))
            self._answers[key] = known
        return await asyncio.shield(known)

    async def close(self) -> None:
        """Give up what is still being asked."""
        for task in self._answers.values():
            task.cancel()
        await asyncio.gather(*self._answers.values(), return_exceptions=True)

    async def _asked(
        self, key: str, permit: Permit, messages: Sequence[BaseMessage]
    ) -> AIMessage:
        answer = await self.model.answer(permit, messages, ())
        if self.file is not None:
            kept = {"key": key, "text": answer.text, "usage": answer.usage_metadata}
            with self.file.open("a", encoding="utf-8") as file:
                file.write(f"\n{json.dumps(kept)}\n")
        return answer


def _read(file: Path | None) -> Iterator[tuple[str, AIMessage]]:
    """Yield the answers that are kept; a last line that was cut off is none."""
    if file is None or not file.exists():
        return
    for line in file.read_text("utf-8").splitlines():
        try:
            kept = json.loads(line)
        except ValueError:
            continue
        yield (
            kept["key"],
            AIMessage(content=kept["text"], usage_metadata=kept["usage"]),
        )
