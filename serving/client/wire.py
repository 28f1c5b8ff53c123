"""The wire: one request and its answer, tried again only where that is safe."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import httpx2

from interlock.serving.client.failure import Refused, failure
from interlock.serving.client.values import Event

TRIES: Final = 4
_FIRST_S: Final = 0.2
_LONGEST_S: Final = 10.0
_BAD: Final = 400
_AGAIN: Final = frozenset({429, 503})


class Wire:
    """Sends requests with one key; closed with the client that owns it."""

    def __init__(self, http: httpx2.AsyncClient, *, first_s: float = _FIRST_S) -> None:
        self.http = http
        self._first_s = first_s

    async def ask(
        self, method: str, path: str, *, is_safe: bool | None = None, **more: Any
    ) -> Any:
        """Return the JSON of the answer, None for an empty one; raises `Refused`.

        A request that is safe to repeat is tried again when the service is away or busy: one that
        only reads, and one with an idempotency key. Any other is sent once.
        """
        repeats = method == "GET" if is_safe is None else is_safe
        for number in range(TRIES if repeats else 1):
            answer = await self._tried(method, path, more)
            is_last = not repeats or number == TRIES - 1
            if answer is not None and (is_last or answer.status_code not in _AGAIN):
                return _read(answer)
            if is_last:
                break
            await asyncio.sleep(self._pause(number, answer))
        raise failure(503, {"code": "unreachable", "detail": "No answer came."})

    async def _tried(
        self, method: str, path: str, more: Mapping[str, Any]
    ) -> httpx2.Response | None:
        try:
            return await self.http.request(method, path, **more)
        except httpx2.TransportError:
            return None

    def _pause(self, number: int, answer: httpx2.Response | None) -> float:
        """Return how long to wait: as the service says, else longer and longer, with chance."""
        stated = "" if answer is None else answer.headers.get("retry-after", "")
        if stated.isdigit():
            return min(float(stated), _LONGEST_S)
        longest = min(self._first_s * 2**number, _LONGEST_S)
        return random.uniform(longest / 2, longest)  # noqa: S311 - spreads load, guards nothing


def _read(answer: httpx2.Response) -> Any:
    if answer.status_code >= _BAD:
        raise problem_of(answer)
    return answer.json() if answer.content else None


def problem_of(answer: httpx2.Response) -> Refused:
    """Return the error of an answer that refuses."""
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    return failure(answer.status_code, problem if isinstance(problem, dict) else {})


async def events(answer: httpx2.Response) -> AsyncIterator[Event]:
    """Yield the events of a stream as they come."""
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if name in {"id", "event", "data"}:
            fields[name] = value
        elif not line and "data" in fields:
            yield Event(
                id=int(fields["id"]),
                event=fields["event"],
                data=json.loads(fields["data"]),
            )
            fields = {}
