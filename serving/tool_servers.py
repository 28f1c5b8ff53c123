"""The MCP servers of a workspace: each is started when an agent of its first acts."""

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from pydantic import SecretStr

from interlock.runtime.door.tool import AnyTool
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.serving.section import fits_a_header
from interlock.serving.settings import Settings, ToolServer
from interlock.tools.mcp import mcp_tools, shown
from interlock.tools.mcp.server import Server


class ToolServers:
    """The servers that *settings* name; *stack* ends each that was started.

    What only reads starts none. A server that ended stays ended until the home is opened again.
    """

    def __init__(
        self, settings: Settings, bundle: Bundle, stack: AsyncExitStack
    ) -> None:
        self._settings = settings
        self._stack = stack
        config = bundle.data["rails"].get("config", {})
        self._reviewed = _digests(config.get("tools", {}))
        self._listed: dict[str, tuple[AnyTool, ...]] = {}
        self._shown: dict[str, tuple[AnyTool, ...]] = {}
        self._opening = asyncio.Lock()

    async def of_agent(self, agent: str) -> Sequence[AnyTool]:
        """Return the tools that *agent* may propose; one that is not as reviewed has no words.

        Raises `GuardFailed` when a server of the agent cannot be had (fails closed).
        """
        tools: list[AnyTool] = []
        for name, server in self._settings.mcp.items():
            if agent in server.agents:
                await self._list(name, server)
                tools += self._shown[name]
        return tools

    async def all(self) -> Sequence[AnyTool]:
        """Return the tools of every server as they are, for a reviewer; starts every server."""
        tools: list[AnyTool] = []
        for name, server in self._settings.mcp.items():
            tools += await self._list(name, server)
        return tools

    async def _list(self, name: str, server: ToolServer) -> tuple[AnyTool, ...]:
        async with self._opening:
            if name not in self._listed:
                opening = mcp_tools(_server(name, server, self._settings))
                tools = await self._stack.enter_async_context(opening)
                self._shown[name] = shown(tools, self._reviewed)
                self._listed[name] = tools
            return self._listed[name]


def refuse_strangers(settings: Settings, agents: Iterable[str]) -> None:
    """Raise `BadInput` for a server that is given to an agent which does not exist."""
    known = set(agents)
    for name, server in settings.mcp.items():
        if unknown := set(server.agents) - known:
            raise BadInput(
                what=f"mcp.{name}.agents: {min(unknown)!r}",
                why="there is no such agent",
                next_step=f"Agents of this workspace are: {', '.join(sorted(known))}.",
            )


def _digests(entries: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {name: entry.get("schema", "") for name, entry in entries.items()}


def _server(name: str, server: ToolServer, settings: Settings) -> Server:
    """Return the server with what it is handed of our environment, and nothing else of it."""
    variable = server.token_variable
    wanted = {*server.environment, variable} - {""}
    if missing := wanted - os.environ.keys():
        raise BadInput(
            what=f"mcp.{name}: variable {min(missing)}",
            why="it is not set",
            next_step="Set it, or take it out of interlock.toml.",
        )
    token = os.environ[variable] if variable else ""
    try:
        fits_a_header(token)
    except ValueError as error:
        raise BadInput(
            what=f"mcp.{name}: variable {variable}",
            why=str(error),
            next_step="Set it to the token alone.",
        ) from error
    return Server(
        name=name,
        command=server.command,
        url=server.url,
        folder=settings.modules or Path(),
        environment={word: os.environ[word] for word in server.environment},
        token=SecretStr(token) if variable else None,
        clearance=server.clearance,
        confidentiality=server.confidentiality,
        classes=server.classes,
        idempotent=frozenset(server.idempotent),
    )
