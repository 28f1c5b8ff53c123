"""The probe of a replica: does it generate, and does it work at anything."""

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Literal, Protocol, TypeAlias

from prometheus_client.parser import text_string_to_metric_families

from interlock.serving.vllm import listener
from interlock.tools.outbound.client import Answer, Bounds, send
from interlock.tools.outbound.destination import Destination
from interlock.tools.outbound.errors import NotSent, Spoilt

#: answers: it generated. busy: it said "not now", or nothing while it worked at other requests.
#: silent: anything else
Health: TypeAlias = Literal["answers", "busy", "silent"]
#: So little that a probe costs a full server nothing to speak of
_QUESTION: Final = {"max_tokens": 1, "temperature": 0}
_OVERLOADED: Final = frozenset(
    {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
)
_WORK: Final = frozenset({"vllm:generation_tokens", "vllm:prompt_tokens"})
_REQUESTS: Final = frozenset({"vllm:num_requests_running", "vllm:num_requests_waiting"})
#: Bytes of an error's body that are told; the probe's question is in none of them
_QUOTED: Final = 160
_LOOK: Final = Bounds(most_bytes=16 * 1024 * 1024, total_s=10.0)


class Probe(Protocol):
    """Looks at one replica."""

    @property
    def said(self) -> str:
        """What was wrong with the last answer, or why there was none."""
        ...

    async def health(self) -> Health:
        """Return whether it generates."""
        ...

    async def under_way(self) -> int | None:
        """Return how many requests it has, or None where it does not say."""
        ...


@dataclass(kw_only=True, slots=True)
class VllmProbe:
    """Asks a server of vLLM, by the one way out."""

    server: Destination
    model: str
    key: str = field(repr=False)
    patience_s: float
    said: str = "it was not asked"
    _worked: float = -1.0

    async def health(self) -> Health:
        """Return whether it generates: an open port and a good /health are not enough."""
        if listener.is_foreign(self.server.port):
            self.said = "another account listens at its port"
            return "silent"
        head = {"Content-Type": "application/json"}
        if self.key:
            head["Authorization"] = f"Bearer {self.key}"
        messages = [{"role": "user", "content": "Say yes."}]
        question = {"model": self.model, "messages": messages, **_QUESTION}
        try:
            answer = await send(
                self.server,
                method="POST",
                path="/v1/chat/completions",
                headers=head,
                body=json.dumps(question).encode(),
                bounds=Bounds(total_s=self.patience_s),
            )
        except NotSent as error:
            self.said = error.why
            return "silent"
        except Spoilt as error:
            self.said = error.why
            return "busy" if await self._works() else "silent"
        return self._judged(answer)

    def _judged(self, answer: Answer) -> Health:
        is_good = answer.status == HTTPStatus.OK
        self.said = "it answered with no completion"
        if not is_good:
            # A key, a template or a name that does not fit answers so for ever.
            words = answer.body[:_QUOTED].decode("utf-8", "replace")
            self.said = f"it answered {answer.status}: {' '.join(words.split())}"
        if answer.status in _OVERLOADED:
            return "busy"
        return "answers" if is_good and _generated(answer.body) else "silent"

    async def _works(self) -> bool:
        """Whether it has computed anything since the last look: a full server is slow, not hung."""
        figures = await self._figures()
        worked = sum(value for name, value in figures.items() if name in _WORK)
        before, self._worked = self._worked, worked
        return bool(figures) and before >= 0 and worked > before

    async def under_way(self) -> int | None:
        """Return how many requests run or wait in it, as it counts them."""
        figures = await self._figures()
        if not figures:
            return None
        return int(sum(value for name, value in figures.items() if name in _REQUESTS))

    async def _figures(self) -> dict[str, float]:
        """Return the counters and gauges of vLLM, or nothing where they cannot be read."""
        try:
            answer = await send(
                self.server,
                method="GET",
                path="/metrics",
                headers={},
                bounds=_LOOK,
            )
        except (NotSent, Spoilt):
            return {}
        return figures(answer.body.decode("utf-8", "replace"))


def figures(text: str) -> dict[str, float]:
    """Return each counter and gauge in a page of metrics, summed over engines."""
    sums: dict[str, float] = {}
    try:
        for family in text_string_to_metric_families(text):
            if family.type not in {"counter", "gauge"}:
                continue
            values = [
                sample.value
                for sample in family.samples
                if not sample.name.endswith("_created")
            ]
            sums[family.name] = sum(values)
    except ValueError:
        return {}
    return sums


def _generated(body: bytes) -> bool:
    """Whether the answer is a chat completion of at least one token."""
    try:
        answer: Any = json.loads(body)
        return (
            isinstance(answer["choices"][0]["message"], dict)
            and answer["usage"]["completion_tokens"] >= 1
        )
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return False
