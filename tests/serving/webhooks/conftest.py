"""A home whose policy lets it tell a receiver on loopback, and that receiver."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from standardwebhooks import Webhook as Verifier

from interlock.runtime.policy.request import Amounts, Principal
from interlock.runtime.run.run import NewRun, Run, Status
from interlock.serving import desk as desks
from interlock.serving.desk import Desk
from interlock.serving.webhooks import endpoints
from interlock.serving.webhooks.courier import Courier
from interlock.serving.webhooks.endpoints import Made
from interlock.serving.workspace import open_workspace

PEOPLE: Final = "people:\n- {id: ada, roles: [administrator]}\n"
HOSTS: Final = "egress: {web_hosts: {default: [127.0.0.1, hook.example]}}\n"
ADA: Final = Principal(id="ada", tenant="default", roles=("administrator",))


@dataclass(kw_only=True)
class Message:
    """One request as the receiver has it."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> Any:
        """Return the content, as the library of the standard verifies it."""
        return Verifier(secret).verify(self.body, self.headers)


@dataclass(kw_only=True)
class Receiver:
    """Takes every message and answers as it is told: the first of `answers`, else 204."""

    answers: list[str] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    #: Called with the id of each message before it is answered
    looks: Callable[[str], Awaitable[None]] | None = None
    #: Set while nothing is answered
    holds: bool = False
    port: int = 0
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/in"

    @property
    def told(self) -> list[str]:
        """The types of the messages in the order in which they came."""
        return [orjson.loads(message.body)["type"] for message in self.messages]

    async def respond(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            pairs = [line.split(": ", 1) for line in head[1:] if line]
            headers = {name.lower(): value for name, value in pairs}
            body = await reader.readexactly(int(headers["content-length"]))
            self.messages.append(Message(headers=headers, body=body))
            if self.looks is not None:
                await self.looks(self.messages[-1].id)
            self.heard.set()
            while self.holds:  # noqa: ASYNC110 - until the test lets go
                await asyncio.sleep(0.005)
            answer = self.answers.pop(0) if self.answers else "204 No Content"
            writer.write(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
        writer.close()


@dataclass(kw_only=True)
class Clock:
    """The time at which the test began, and what the test adds: no attempt comes due by itself."""

    began: float = field(default_factory=time.time)
    ahead: float = 0.0

    def __call__(self) -> float:
        return self.began + self.ahead


@dataclass(kw_only=True)
class Office:
    """A home at work, and a receiver."""

    desk: Desk
    receiver: Receiver
    clock: Clock
    ada: Principal = ADA

    async def add(self, *events: str, url: str = "") -> Made:
        return await endpoints.add(
            self.desk, url or self.receiver.url, events, person=ADA
        )

    async def run(self, *, tenant: str = "default", job: str = "") -> Run:
        new = NewRun(
            agent="note",
            principal=Principal(id="ana", tenant=tenant, roles=()),
            request={"text": "opera"},
            limits=Amounts(steps=10),
            autonomy=1,
            revision="r",
            intent=None,
            job=job,
        )
        return await self.desk.storage.runs.start(new)

    async def ended(self, *statuses: Status) -> list[str]:
        """End a run of its own with each status, and return their ids."""
        ended = []
        for status in statuses:
            run = await self.run()
            await self.desk.storage.runs.end(run, status, {"said": "opera"})
            ended.append(run.id)
        return ended

    async def deliver(self, courier: Courier | None = None) -> None:
        await (courier or Courier(self.desk)).settle()


async def _office(
    folder: Path, receiver: Receiver, reach: str, **more: str
) -> AsyncIterator[Office]:
    (folder / "people.yaml").write_text(PEOPLE, "utf-8")
    policies = folder / "policies"
    policies.mkdir()
    (policies / "hosts.yaml").write_text(HOSTS, "utf-8")
    chosen = {"home": str(folder), "policies": str(policies), "webhooks": reach} | more
    clock = Clock()
    settings = open_workspace({}, chosen=chosen).settings
    async with desks.opened(settings, clock=clock) as desk:
        yield Office(desk=desk, receiver=receiver, clock=clock)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver on loopback."""
    one = Receiver()
    listening = await asyncio.start_server(one.respond, "127.0.0.1", 0)
    one.port = listening.sockets[0].getsockname()[1]
    yield one
    one.holds = False
    listening.close()


@pytest.fixture
async def office(home: Path, receiver: Receiver) -> AsyncIterator[Office]:
    """A new home whose settings let webhooks be on this machine."""
    async for one in _office(home, receiver, "any"):
        yield one


@pytest.fixture
async def shared(
    home: Path, receiver: Receiver, fresh_postgres: str
) -> AsyncIterator[Office]:
    """The office on PostgreSQL."""
    async for one in _office(home, receiver, "any", database=fresh_postgres):
        yield one


@pytest.fixture
async def strict(home: Path, receiver: Receiver) -> AsyncIterator[Office]:
    """A new home with the settings that hold where nobody says otherwise."""
    async for one in _office(home, receiver, "public"):
        yield one
