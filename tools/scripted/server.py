"""The server: one OpenAI-compatible endpoint on the loopback that does what its script says."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

from aiohttp import web

from interlock.tools.scripted.prefixes import BYTES_A_TOKEN, Prefixes
from interlock.tools.scripted.stream import events
from interlock.tools.scripted.turn import Turn, says


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One request as it came."""

    body: Mapping[str, Any]
    headers: Mapping[str, str]


#: The turns in order, where the last stands for all that follow; or what chooses each turn
Script: TypeAlias = Sequence[Turn] | Callable[[Asked], Turn]


class ModelServer:
    """Answers `/v1/chat/completions` by a script, over real HTTP on a free port of 127.0.0.1.

    Use the server as an async context manager. It remembers what it was asked, counts tokens
    honestly unless a turn says otherwise, and keeps prefixes as vLLM does: apart for each
    `cache_salt`. `stop` closes the port, as a killed server does; `start` opens the same one again.
    """

    def __init__(self, script: Script = (), *, port: int = 0) -> None:
        self._script = script or (says("Done."),)
        self._port = port
        self._runner: web.AppRunner | None = None
        self._stopping = asyncio.Event()
        self.asked: list[Asked] = []
        self.prefixes = Prefixes()
        #: How many requests are being answered now, and the most there ever were
        self.busy = 0
        self.busiest = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """The base of the API."""
        return f"http://127.0.0.1:{self._port}/v1"

    async def start(self) -> None:
        """Open the port; the first one that is free, and afterwards always the same."""
        application = web.Application(client_max_size=1 << 26)
        application.router.add_post("/v1/chat/completions", self._respond)
        self._stopping.clear()
        self._runner = web.AppRunner(application, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the port and break off what is being answered."""
        self._stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            asked = Asked(
                body=await request.json(),
                headers=dict(request.headers),
            )
            self.asked.append(asked)
            return await self._done(request, asked, self._turn(asked))
        finally:
            self.busy -= 1

    def _turn(self, asked: Asked) -> Turn:
        if callable(self._script):
            return self._script(asked)
        place = min(len(self.asked), len(self._script)) - 1
        return self._script[place]

    async def _done(
        self, request: web.Request, asked: Asked, turn: Turn
    ) -> web.StreamResponse:
        usage = self._usage(asked, turn)
        if turn.is_hung:
            await self._stopping.wait()
        await asyncio.sleep(turn.wait_s)
        is_stream = bool(asked.body.get("stream")) and turn.raw is None
        pieces = events(asked.body, turn, usage) if is_stream else []
        body = turn.raw
        if body is None:
            body = json.dumps(completion(asked.body, turn, usage)).encode()
        response = web.StreamResponse(status=turn.status, headers=dict(turn.headers))
        response.content_type = "text/event-stream" if is_stream else turn.content_type
        if not is_stream:
            response.content_length = len(body)
        await self._send(request, response, turn, pieces or [body])
        return response

    async def _send(
        self,
        request: web.Request,
        response: web.StreamResponse,
        turn: Turn,
        pieces: Sequence[bytes],
    ) -> None:
        """Send the pieces, as far as the turn lets the connection live."""
        left = turn.cut_after
        if left != 0:
            await response.prepare(request)
        for piece in pieces:
            part = piece if left is None else piece[:left]
            if part:
                await response.write(part)
            if left is not None:
                left -= len(part)
                if len(part) < len(piece) or left == 0:
                    _break_off(request)
                    return
            await asyncio.sleep(turn.piece_wait_s)
        await response.write_eof()

    def _usage(self, asked: Asked, turn: Turn) -> Mapping[str, Any]:
        prompt = json.dumps([asked.body.get("messages"), asked.body.get("tools")])
        salt = str(asked.body.get("cache_salt", ""))
        read, cached = self.prefixes.take(prompt, salt=salt)
        if turn.usage is not None:
            return turn.usage
        wrote = max(1, len(json.dumps(turn.message)) // BYTES_A_TOKEN)
        return {
            "prompt_tokens": read,
            "completion_tokens": wrote,
            "total_tokens": read + wrote,
            "prompt_tokens_details": {"cached_tokens": cached},
        }


def completion(
    asked: Mapping[str, Any], turn: Turn, usage: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the turn as a whole completion."""
    choice = {"index": 0, "finish_reason": turn.finished, "message": turn.message}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": asked.get("model", "m"),
        "choices": [choice],
        **({"usage": usage} if usage else {}),
    }


def _break_off(request: web.Request) -> None:
    """Break the connection as a process does that dies."""
    if request.transport is not None:
        request.transport.abort()
