"""What stands on the way out: answers that lead elsewhere, other hosts, and mail to others."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from interlock.runtime.door.outcome import Unknown
from interlock.runtime.door.tool import ToolFailed
from interlock.serving.verification.trial import Trial, WentThrough, refused, said
from interlock.tools.mail import Mail, SmtpOutbox, compose, mail_tools
from interlock.tools.outbound.client import Bounds, send
from interlock.tools.outbound.destination import Destination
from interlock.tools.outbound.errors import NotSent, Spoilt

_BOUNDS: Final = Bounds(most_bytes=1000, total_s=10.0)
_GOOD: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nprobe"
_REDIRECT: Final = b"HTTP/1.1 307 Go\r\nLocation: /probe\r\nContent-Length: 0\r\n\r\n"
_ENCODED: Final = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nprobe"
_ENDLESS: Final = b"HTTP/1.1 200 OK\r\n\r\n" + b"-" * 1001
#: What a proxy would answer, and the variables that name one and that name exceptions
_PROXIED: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy"
_PROXIES: Final = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
_DIRECT: Final = ("NO_PROXY", "no_proxy")
#: Whom the server of a trial takes, and whom it refuses
_TAKEN: Final = "taken@probe.invalid"
_REFUSED: Final = "refused@probe.invalid"


async def redirect(trial: Trial) -> None:
    """Stops an answer that leads a request, and what is in it, to another place."""
    await _taken()
    with refused("a redirect", Spoilt, code="redirected"):
        await _asked(_REDIRECT)


async def compressed_answer(trial: Trial) -> None:
    """Stops an answer that would have to be unpacked, to whatever size."""
    await _taken()
    with refused("a compressed answer", Spoilt, code="encoded"):
        await _asked(_ENCODED)


async def endless_answer(trial: Trial) -> None:
    """Stops an answer without end before it fills the memory."""
    await _taken()
    with refused("an answer without end", Spoilt, code="too_large"):
        await _asked(_ENDLESS)


async def plain_http(trial: Trial) -> None:
    """Stops a request from leaving this machine unencrypted."""
    Destination.parse("https://probe.invalid", reach="any")
    with refused("plain HTTP off this machine", ValueError):
        Destination.parse("http://probe.invalid", reach="any")


async def inner_address(trial: Trial) -> None:
    """Stops a request to the open internet whose name points at this machine or its network."""
    hook = Destination.parse("https://probe.invalid", reach="public")
    for inner in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"):

        async def resolve(host: str, port: int, inner: str = inner) -> Sequence[str]:
            return ("93.184.216.34", inner)

        with refused(inner, NotSent, code="address_refused"):
            await hook.addresses(resolve)


async def proxy_variable(trial: Trial) -> None:
    """Stops a variable of the environment from sending requests to a proxy."""
    async with _serving(_PROXIED) as proxy:
        with _variables(f"http://127.0.0.1:{proxy}"):
            if await _asked(_GOOD) != b"probe":
                raise WentThrough("the proxy was asked")


async def partly_sent_mail(trial: Trial) -> None:
    """Stops a mail that the server refused for somebody from being recorded as done."""
    async with _mail_server() as port:
        (mail,) = mail_tools(
            outbox=SmtpOutbox(host="127.0.0.1", port=port, tls=False),
            reports=trial.home.reports,
            sender="probe@probe.invalid",
            clearances={},
        )
        trial.world.add(mail)
        trial.pdp.effects = {**trial.pdp.effects, mail.name: "permit"}
        run = await trial.start()
        outcome = await trial.act(
            run,
            mail.name,
            to=[_TAKEN, _REFUSED],
            subject="probe",
            body="probe",
        )
    if not isinstance(outcome, Unknown):
        raise WentThrough(f"it should be unknown, it is {said(outcome)}")


async def smuggled_recipient(trial: Trial) -> None:
    """Stops a second address, or a header, hidden in one recipient that a person has seen."""
    for hidden in (
        f"{_REFUSED}, {_TAKEN}",
        f"{_TAKEN} <{_REFUSED}>",
        f"{_TAKEN}\r\nBcc: {_REFUSED}",
    ):
        mail = Mail(to=[hidden], subject="probe", body="probe")
        with refused("a hidden recipient", ToolFailed, code="mail"):
            compose(mail, sender=_TAKEN, key="0" * 64, reports=())


async def _taken() -> None:
    """Insist that a good answer is taken: otherwise a refusal would prove nothing."""
    if await _asked(_GOOD) != b"probe":
        raise WentThrough("a good answer was not taken, so this proves nothing")


async def _asked(answer: bytes) -> bytes:
    """Return what is made of *answer*, given by a server on loopback."""
    async with _serving(answer) as port:
        destination = Destination.parse(f"http://127.0.0.1:{port}", reach="any")
        whole = await send(
            destination, method="GET", path="/", headers={}, bounds=_BOUNDS
        )
        return whole.body


@asynccontextmanager
async def _serving(answer: bytes) -> AsyncIterator[int]:
    async def respond(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(respond, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def _mail_server() -> AsyncIterator[int]:
    """Serve the little of SMTP that one mail takes, on loopback."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 probe\r\n")
        while line := await reader.readline():
            writer.write(_answer(line))
            if line.startswith(b"DATA"):
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 ok\r\n")
            if line.startswith(b"QUIT"):
                break
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


def _answer(line: bytes) -> bytes:
    if line.startswith(b"RCPT") and _REFUSED.encode() in line:
        return b"550 unknown\r\n"
    if line.startswith(b"DATA"):
        return b"354 go on\r\n"
    return b"250 ok\r\n"


@contextmanager
def _variables(proxy: str) -> Iterator[None]:
    """Name a proxy for everything in this process's environment, and put back what stood there."""
    before = dict(os.environ)
    for name in _DIRECT:
        os.environ.pop(name, None)
    os.environ.update(dict.fromkeys(_PROXIES, proxy))
    try:
        yield
    finally:
        for name in (*_DIRECT, *_PROXIES):
            os.environ.pop(name, None)
            if name in before:
                os.environ[name] = before[name]


OUTSIDE: Final = {
    "redirect": redirect,
    "compressed-answer": compressed_answer,
    "endless-answer": endless_answer,
    "plain-http": plain_http,
    "inner-address": inner_address,
    "proxy-variable": proxy_variable,
    "partly-sent-mail": partly_sent_mail,
    "smuggled-recipient": smuggled_recipient,
}
