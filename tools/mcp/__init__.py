"""Tools of MCP servers, behind the door.

A server is a stranger. Its tools are proposed to the catalogue and reviewed there like our own, and
a tool whose arguments or description are not the reviewed ones is denied. Needs the extra `mcp`.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, get_args

from interlock.runtime.door.tool import (
    EFFECTS,
    AnyTool,
    ToolFailed,
    Value,
    schema_digest,
    tool,
)
from interlock.runtime.errors import GuardFailed
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import Resource
from interlock.tools.mcp.arguments import arguments_of, unread
from interlock.tools.mcp.server import (
    LARGEST_ANSWER,
    LARGEST_SCHEMA,
    LONGEST_NAME,
    PREFIX,
    Failure,
    Server,
    ServerFailed,
)

if TYPE_CHECKING:
    from interlock.tools.mcp.connection import Connection

_NAME: Final = re.compile(r"[A-Za-z0-9]+(?:[_.-][A-Za-z0-9]+)*")
UNREVIEWED: Final = "mcp_unreviewed"
#: How a call fails
CODES: Final = (UNREVIEWED, *get_args(Failure))
_UNREVIEWED: Final = (
    "A tool that nobody reviewed as it is now; every call of it is denied."
)


class Said(Value):
    """What a server said: its text, and its data as JSON; all else is counted and left out."""

    text: str
    data: str = ""
    left_out: int = 0


@asynccontextmanager
async def mcp_tools(server: Server) -> AsyncIterator[tuple[AnyTool, ...]]:
    """Reach *server* and yield its tools, each named `mcp.SERVER.TOOL`.

    The server ends with the context. Raises `GuardFailed` when the server cannot be reached, or
    lists a tool that cannot be governed: its name, its arguments or its size (fails closed).
    """
    try:
        from interlock.tools.mcp.connection import connected  # noqa: PLC0415 - the extra may be missing
    except ModuleNotFoundError as error:
        raise GuardFailed(
            guard=f"MCP server {server.name}",
            why="the package that speaks with it is missing",
            next_step="Install it with pip install 'interlock[mcp]'.",
        ) from error
    async with connected(server) as connection:
        yield tuple(_governed(connection, listed) for listed in connection.tools)


def shown(
    tools: tuple[AnyTool, ...], reviewed: Mapping[str, str]
) -> tuple[AnyTool, ...]:
    """Return *tools*, without a word of those whose digest is not the *reviewed* one.

    A description is read by the planner before any call is decided, so a word that nobody reviewed
    must not reach it. Such a tool stays denied: what stands in its place has another digest too.
    """
    return tuple(
        entry if reviewed.get(entry.name) == schema_digest(entry) else _hidden(entry)
        for entry in tools
    )


def _hidden(entry: AnyTool) -> AnyTool:
    async def refuse(permit: Permit, arguments: Value) -> Said:
        raise ToolFailed(code=UNREVIEWED)

    return replace(
        entry,
        description=_UNREVIEWED,
        arguments=unread(_UNREVIEWED),
        act=refuse,
    )


def _governed(connection: "Connection", listed: Any) -> AnyTool:
    """Return one listed tool as a tool of the door; its annotations are not looked at."""
    server = connection.server
    name = f"{PREFIX}{server.name}.{listed.name}"
    _check(server, listed)
    label = _label(server, name)
    place = Resource(
        type="mcp",
        id=server.name,
        clearance=server.clearance,
    )
    action = server.classes.get(listed.name, "irreversible")
    may_repeat = action not in EFFECTS

    async def act(permit: Permit, arguments: Value) -> Said:
        try:
            answer = await connection.call(
                listed.name,
                arguments.model_dump(mode="json"),
                key=permit.key,
            )
            return _said(answer)
        except ServerFailed as error:
            if error.was_sent and not may_repeat:
                raise  # nobody knows whether the server acted
            raise ToolFailed(code=error.code, detail=error.detail) from error

    description = listed.description or listed.title or listed.name
    act.__doc__ = description
    act.__annotations__["arguments"] = arguments_of(
        listed.input_schema, description=description
    )
    return tool(
        name,
        action=action,
        resource=lambda _: place,
        idempotent=listed.name in server.idempotent,
        yields=lambda _arguments, _said: label,
        codes=CODES,
        failing=label,
    )(act)


def _label(server: Server, name: str) -> Label:
    return Label(
        integrity="untrusted",
        confidentiality=server.confidentiality,
        sources=(f"tool:{name}",),
    )


def _check(server: Server, listed: Any) -> None:
    """Raise `GuardFailed` for a tool that no policy could speak about."""
    schema = listed.input_schema
    size = len(listed.model_dump_json(by_alias=True, exclude={"icons"}).encode())
    if _NAME.fullmatch(listed.name) is None:
        why = "it lists a tool whose name has other signs than letters, digits and single _ . -"
    elif len(f"{server.name}{listed.name}") > LONGEST_NAME:
        why = f"its name and that of its tool {listed.name} are too long together"
    elif size > LARGEST_SCHEMA:
        why = f"its tool {listed.name} describes itself in {size} bytes"
    elif schema.get("type") != "object" or not isinstance(
        schema.get("properties", {}), dict
    ):
        why = f"the arguments of its tool {listed.name} are no object"
    else:
        return
    raise GuardFailed(
        guard=f"MCP server {server.name}",
        why=why,
        next_step="Correct the server, or take it out of interlock.toml.",
    )


def _said(answer: Any) -> Said:
    """Return the text and the data of *answer*; raises `ServerFailed` when they are too large."""
    texts = [block.text for block in answer.content if block.type == "text"]
    data = answer.structured_content
    said = Said(
        text="\n".join(texts),
        data="" if data is None else json.dumps(data, ensure_ascii=False),
        left_out=len(answer.content) - len(texts),
    )
    if len(said.text.encode()) + len(said.data.encode()) > LARGEST_ANSWER:
        raise ServerFailed("mcp_too_large", was_sent=True)
    return said
