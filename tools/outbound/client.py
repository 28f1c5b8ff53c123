"""Sending one request to one destination, and taking no more of the answer than was agreed.

No redirect, no cookie, no proxy and no password file of the environment has a say in where a
request goes. A connection lives as long as its request, unless it is kept for a holder:
`interlock.tools.outbound.connection`.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from typing import Final

import httpx2

from interlock.tools.outbound.connection import Holder, Place, connected
from interlock.tools.outbound.destination import Address, Destination, Resolver
from interlock.tools.outbound.errors import NotSent, Spoilt

SESSION: Final = "Mcp-Session-Id"
_MIB: Final = 1024 * 1024
#: URLs of destinations that are remembered as they were read
_BASES: Final = 256
_UNSENDABLE: Final = (
    httpx2.LocalProtocolError,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
    UnicodeError,
)
_UNCONNECTED: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """How much of an answer is taken, and how long it is waited for, from name to last byte."""

    most_bytes: int = 4 * _MIB
    total_s: float = 30.0
    #: How long its first byte is waited for; None for as long as the whole
    first_s: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One whole answer, as it came: any status but a redirect, and the body undecoded."""

    status: int
    content_type: str
    #: MCP's name for what goes on over several requests; empty where there is none
    session: str
    body: bytes = field(repr=False)
    #: When to ask again, as the answer says it; empty where it says nothing
    retry_after: str = ""


async def send(
    destination: Destination,
    *,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    bounds: Bounds | None = None,
    resolve: Resolver | None = None,
    trust: ssl.SSLContext | None = None,
    holder: Holder | None = None,
) -> Answer:
    """Send one request to *path* below the destination, once, and return the answer.

    The host is looked up once, and the connection goes to one of the addresses that were checked.
    Over TLS the host must prove its name to *trust*, which is this machine's authorities if None.
    The connection is kept for the *holder*, if one is named: for what may be asked again, since a
    server may close a connection that it kept just when a request arrives.
    Raises `NotSent` when nothing left, and `Spoilt` when something did but no answer within
    *bounds* came back (both fail closed: no part of an unfit answer is handed on).
    """
    within = bounds or Bounds()
    try:
        async with asyncio.timeout(within.total_s) as limit:
            addresses = await _places(destination, resolve)
            return await _sent(
                destination,
                addresses,
                _Request(
                    method=method,
                    path=path,
                    headers=headers,
                    body=body,
                    trust=trust,
                    holder=holder,
                ),
                within,
            )
    except TimeoutError as error:
        if not limit.expired():
            raise
        why = f"it gave no whole answer within {within.total_s:g} s"
        raise Spoilt(
            code="late",
            where=destination.url,
            why=why,
        ) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class _Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    trust: ssl.SSLContext | None
    holder: Holder | None


async def _places(
    destination: Destination, resolve: Resolver | None
) -> tuple[Address | None, ...]:
    """Return the addresses to try, or None alone where the operator's proxy looks up the host."""
    if destination.proxy is not None:
        return (None,)
    return await destination.addresses(resolve)


async def _sent(
    destination: Destination,
    addresses: tuple[Address | None, ...],
    request: _Request,
    bounds: Bounds,
) -> Answer:
    """Return the answer from the first address that takes a connection."""
    *others, last = addresses
    for address in others:
        try:
            return await _answer(destination, address, request, bounds)
        except NotSent as error:
            if error.code != "not_connected":
                raise
    return await _answer(destination, last, request, bounds)


async def _answer(
    destination: Destination, address: Address | None, request: _Request, bounds: Bounds
) -> Answer:
    where = destination.url
    try:
        async with _response(destination, address, request, bounds) as response:
            _check(response, where)
            body = await _body(response, bounds, where)
            return Answer(
                status=response.status_code,
                content_type=response.headers.get("Content-Type", ""),
                session=response.headers.get(SESSION, ""),
                retry_after=response.headers.get("Retry-After", ""),
                body=body,
            )
    except _UNSENDABLE as error:
        why = f"it has no form in HTTP ({type(error).__name__})"
        raise NotSent(
            code="unsendable",
            where=where,
            why=why,
        ) from error
    except _UNCONNECTED as error:
        why = f"it cannot be reached ({type(error).__name__})"
        raise NotSent(
            code="not_connected",
            where=where,
            why=why,
        ) from error
    except httpx2.HTTPError as error:
        why = f"the connection broke ({type(error).__name__})"
        raise Spoilt(
            code="cut_off",
            where=where,
            why=why,
        ) from error


@asynccontextmanager
async def _response(
    destination: Destination,
    address: Address | None,
    request: _Request,
    bounds: Bounds,
) -> AsyncIterator[httpx2.Response]:
    """Yield the response to the request; its body was not read yet."""
    place = Place(
        destination=destination,
        trust=request.trust,
        holder=request.holder,
    )
    built = _built(destination, address, request)
    async with connected(place) as client:
        response = await _begun(client, built, bounds, destination.url)
        try:
            yield response
        finally:
            await response.aclose()


def _built(
    destination: Destination, address: Address | None, request: _Request
) -> httpx2.Request:
    """Return the request as it is sent; no client adds a cookie or anything else to it."""
    base = _base(destination.url, "" if address is None else str(address))
    return httpx2.Request(
        request.method,
        f"{base}{request.path}",
        headers={
            "User-Agent": "interlock",
            "Accept": "*/*",
            **request.headers,
            "Host": destination.authority,
            "Accept-Encoding": "identity",
            "Connection": "close" if request.holder is None else "keep-alive",
        },
        content=request.body,
        # The certificate must be the host's, though an address is dialled.
        extensions={"sni_hostname": destination.host},
    )


@lru_cache(_BASES)
def _base(url: str, address: str) -> str:
    """Return what the URL of a request begins with; the address stands for the host, if any."""
    base = httpx2.URL(url)
    return str(base.copy_with(host=address) if address else base)


async def _begun(
    client: httpx2.AsyncClient,
    request: httpx2.Request,
    bounds: Bounds,
    where: str,
) -> httpx2.Response:
    """Return the response once its head is there."""
    try:
        async with asyncio.timeout(bounds.first_s) as limit:
            return await client.send(request, stream=True)
    except TimeoutError as error:
        if not limit.expired():
            raise
        why = f"it gave no first byte within {bounds.first_s:g} s"
        raise Spoilt(
            code="late",
            where=where,
            why=why,
        ) from error


def _check(response: httpx2.Response, where: str) -> None:
    """Raise `Spoilt` for a redirect and for a body that would have to be decoded."""
    status = response.status_code
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise Spoilt(
            code="redirected",
            where=where,
            why=f"it answered {status}, a redirect",
        )
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise Spoilt(
            code="encoded",
            where=where,
            why="its answer is compressed",
        )


async def _body(response: httpx2.Response, bounds: Bounds, where: str) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > bounds.most_bytes:
            why = f"its answer is larger than {bounds.most_bytes} bytes"
            raise Spoilt(
                code="too_large",
                where=where,
                why=why,
            )
    return bytes(body)
