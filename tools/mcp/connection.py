"""One connection to a server: opened once, never opened again in secret."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import mcp_types as protocol
from mcp.client.client import Client
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from interlock.runtime.errors import GuardFailed
from interlock.tools.mcp.endpoint import endpoint_streams
from interlock.tools.mcp.process import process_streams
from interlock.tools.mcp.server import (
    CALL_S,
    MOST_TOOLS,
    START_S,
    STOP_S,
    Failure,
    Server,
    ServerFailed,
)

#: The name under which a call's idempotency key is sent
KEY: Final = "interlock/key"
#: Their messages quote what servers say
_LOGGERS: Final = ("client", "httpx2", "httpcore2", "mcp")


class Connection:
    """A server that was reached, and the tools that it listed then; lives as long as its context.

    The session has a task of its own: what breaks in it ends the connection and no caller's work.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.tools: tuple[protocol.Tool, ...] = ()
        self._client: Client | None = None
        self._ready = asyncio.Event()
        self._over = asyncio.Event()
        self.why = ""

    async def hold(self) -> None:
        """Open the session, list the tools, and keep the session until `close`."""
        streams = process_streams if self.server.command else endpoint_streams
        try:
            async with Client(streams(self.server), cache=None) as client:
                self.tools = await _listed(client)
                self._client = client
                self._ready.set()
                await self._over.wait()
        except Exception as error:  # noqa: BLE001 - whatever broke, the connection is over and nothing else
            self.why = self.why or _named(error)
        finally:
            self._client = None
            self._ready.set()
            self._over.set()

    async def ready(self) -> None:
        """Wait until the tools are listed; raises `GuardFailed` when they cannot be had."""
        try:
            async with asyncio.timeout(START_S):
                await self._ready.wait()
        except TimeoutError:
            self.why = f"it did not answer within {START_S:g} s"
        if self._client is None or self.why:
            raise GuardFailed(
                guard=f"MCP server {self.server.name}",
                why=self.why or "it ended at once",
                next_step="See that it starts by hand, and correct it in interlock.toml.",
            )

    @property
    def is_open(self) -> bool:
        """Whether a call can be sent."""
        return self._client is not None

    def close(self) -> None:
        """Let the session end."""
        self._over.set()

    async def call(
        self, name: str, arguments: Mapping[str, Any], *, key: str
    ) -> protocol.CallToolResult:
        """Call one tool once; raises `ServerFailed`, which says whether anything was sent."""
        client = self._client
        if client is None:
            raise ServerFailed("mcp_gone", was_sent=False)
        meta: Any = {KEY: key}
        params = protocol.CallToolRequestParams(
            name=name,
            arguments=dict(arguments),
            _meta=meta,
        )
        request = protocol.CallToolRequest(params=params)
        try:
            async with asyncio.timeout(CALL_S):
                answer = await client.session.send_request(
                    request, protocol.CallToolResult
                )
        except Exception as error:
            failure = _failure(error)
            if failure == "mcp_gone" and self.server.command:
                self._client = None  # the process is over, and nothing starts another
            raise ServerFailed(failure, was_sent=True) from error
        if answer.is_error:
            raise ServerFailed("mcp_refused", was_sent=True)
        if answer.result_type != "complete":
            raise ServerFailed("mcp_malformed", was_sent=True)
        return answer


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[Connection]:
    """Reach *server* and list its tools; the server ends with the context.

    Raises `GuardFailed` when the server cannot be reached or lists what is not borne.
    """
    for name in _LOGGERS:
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False
    connection = Connection(server)
    task = asyncio.create_task(connection.hold())
    try:
        await connection.ready()
        yield connection
    finally:
        if not connection.is_open:
            task.cancel()  # it may still be waiting for a first word
        connection.close()
        _, unfinished = await asyncio.wait({task}, timeout=3 * STOP_S)
        for late in unfinished:
            late.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _listed(client: Client) -> tuple[protocol.Tool, ...]:
    """Return every tool that the server lists; too many are an error."""
    tools: list[protocol.Tool] = []
    cursor: str | None = None
    for _ in range(MOST_TOOLS):
        page = await client.session.list_tools(
            params=protocol.PaginatedRequestParams(cursor=cursor)
        )
        tools += page.tools
        cursor = page.next_cursor
        if len(tools) > MOST_TOOLS:
            break
        if cursor is None:
            return _distinct(tools)
    raise ValueError(f"it lists more than {MOST_TOOLS} tools")


def _distinct(tools: list[protocol.Tool]) -> tuple[protocol.Tool, ...]:
    names = {listed.name for listed in tools}
    if len(names) < len(tools):
        raise ValueError("it lists two tools of one name")
    return tuple(tools)


def _failure(error: Exception) -> Failure:
    if isinstance(error, TimeoutError):
        return "mcp_timeout"
    if isinstance(error, MCPError):
        is_closed = error.code == protocol.CONNECTION_CLOSED
        return "mcp_gone" if is_closed else "mcp_refused"
    return "mcp_malformed" if isinstance(error, ValidationError) else "mcp_gone"


def _named(error: Exception) -> str:
    """Return what broke, without a word of the server's."""
    if isinstance(error, ExceptionGroup):
        return _named(error.exceptions[0])
    if isinstance(error, OSError) and error.strerror:
        return f"it cannot be started or reached: {error.strerror}"
    if type(error) is ValueError:
        return str(error)
    return f"it cannot be spoken with ({type(error).__name__})"
