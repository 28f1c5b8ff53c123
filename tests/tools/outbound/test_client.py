"""One request, one bounded answer, to one place: whatever the answer or the environment says."""

import asyncio
import gzip
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from interlock.tools.outbound.client import Answer, Bounds, send
from interlock.tools.outbound.destination import Destination
from interlock.tools.outbound.errors import NotSent, Spoilt

Serve = Callable[..., AbstractAsyncContextManager[Any]]
GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nfine"
BOUNDS = Bounds(most_bytes=1000, total_s=5)
PROXIES = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY")


async def posted(
    url: str, *, bounds: Bounds = BOUNDS, proxy: str | None = None, **options: Any
) -> Answer:
    destination = Destination.parse(url, reach="any", plain_http=True, proxy=proxy)
    return await send(
        destination,
        method="POST",
        path="/things?a=1",
        headers={"Accept-Encoding": "gzip", "Host": "elsewhere"},
        body=b"{}",
        bounds=bounds,
        **options,
    )


def at(*addresses: str) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """Return a resolver that gives every name these addresses, and the port as it is."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


def self_signed(folder: Path, name: str) -> Path:
    """Write a key and a certificate for the name that is signed by itself; return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    return file


async def test_an_answer_comes_back_whole(serve: Serve) -> None:
    """The request goes to its path below the destination, asks for no encoding, and names the host
    whatever the caller's headers say.
    """
    async with serve(GOOD) as server:
        answer = await posted(server.url)

    assert (answer.status, answer.content_type, answer.body) == (
        200,
        "text/plain",
        b"fine",
    )
    (head,) = server.asked
    assert head.startswith(b"POST /v1/things?a=1 HTTP/1.1\r\n")
    lines = head.lower().split(b"\r\n")
    assert b"accept-encoding: identity" in lines
    assert f"host: 127.0.0.1:{server.port}".encode() in lines
    assert not any(b"elsewhere" in line or b"gzip" in line for line in lines)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
async def test_a_redirect_is_an_error(serve: Serve, status: int) -> None:
    """What a redirect names is never asked, and its body is never an answer."""
    async with serve(GOOD) as other:
        head = f"HTTP/1.1 {status} Go\r\nLocation: {other.url}\r\n".encode()
        length = b"" if status == 304 else b"Content-Length: 4\r\n"
        async with serve(head + length + b"\r\nfine") as server:
            with pytest.raises(Spoilt) as raised:
                await posted(server.url)

    assert raised.value.code == "redirected"
    assert other.asked == []


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip"])
async def test_an_encoded_answer_is_refused(serve: Serve, encoding: str) -> None:
    """A compressed answer is refused by its header, before one byte of it is taken."""
    body = gzip.compress(b"a" * 100)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\n"
    length = f"Content-Length: {len(body)}\r\n\r\n"
    async with serve((head + length).encode() + body) as server:
        with pytest.raises(Spoilt) as raised:
            await posted(server.url)

    assert raised.value.code == "encoded"


async def test_an_answer_without_end_is_cut(serve: Serve) -> None:
    """No more than the bound is taken, though the server would go on."""
    async with serve(b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 1001, hangs=True) as server:
        with pytest.raises(Spoilt) as raised:
            await posted(server.url)

    assert raised.value.code == "too_large"


@pytest.mark.parametrize("answer", [b"", GOOD[:-1], b"HTTP/1.1 200 OK\r\n"])
async def test_an_answer_that_does_not_end_in_time_is_late(
    serve: Serve, answer: bytes
) -> None:
    """The bound holds for the whole, however much of it came."""
    async with serve(answer, hangs=True) as server:
        async with asyncio.timeout(2):
            with pytest.raises(Spoilt) as raised:
                await posted(server.url, bounds=Bounds(total_s=0.1))

    assert raised.value.code == "late"


@pytest.mark.parametrize("answer", [b"", GOOD[:-1], b"no HTTP\r\n\r\n"])
async def test_an_answer_that_breaks_off_is_none(serve: Serve, answer: bytes) -> None:
    """A part of an answer is not used."""
    async with serve(answer) as server:
        with pytest.raises(Spoilt) as raised:
            await posted(server.url)

    assert raised.value.code == "cut_off"


async def test_a_proxy_of_the_environment_is_not_asked(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxy variables have no say, on loopback or off it."""
    async with serve(GOOD) as proxy, serve(GOOD) as server:
        for name in PROXIES:
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        named = f"http://model.example:{server.port}/v1"
        for url in (server.url, named):
            await posted(url, resolve=at("127.0.0.1"))

    assert proxy.asked == []
    assert len(server.asked) == 2


async def test_the_operators_proxy_is_asked_for_what_is_not_on_loopback(
    serve: Serve,
) -> None:
    """The proxy that was configured carries the request, and never one to this machine."""
    async with serve(GOOD) as proxy, serve(GOOD) as server:
        through = f"http://127.0.0.1:{proxy.port}"
        await posted("http://model.example/v1", proxy=through)
        await posted(server.url, proxy=through)

    (head,) = proxy.asked
    assert head.startswith(b"POST http://model.example/v1/things?a=1 HTTP/1.1\r\n")
    assert len(server.asked) == 1


async def test_nobody_there_means_that_nothing_was_sent(serve: Serve) -> None:
    """A refused connection is certain: nothing left."""
    async with serve(GOOD) as server:
        pass
    with pytest.raises(NotSent) as raised:
        await posted(server.url)

    assert raised.value.code == "not_connected"


async def test_a_header_that_breaks_the_line_is_not_sent(serve: Serve) -> None:
    """A value with a line break could be a header of its own."""
    async with serve(GOOD) as server:
        destination = Destination.parse(server.url, reach="any")
        with pytest.raises(NotSent) as raised:
            await send(
                destination,
                method="POST",
                path="",
                headers={"Key": "a\r\nHost: elsewhere"},
            )

    assert raised.value.code == "unsendable"
    assert server.asked == []


async def test_a_second_address_is_tried_when_the_first_is_not_there(
    serve: Serve,
) -> None:
    """An address that takes no connection stops nothing while another does."""
    async with serve(GOOD) as server:
        answer = await posted(
            f"http://model.example:{server.port}", resolve=at("::1", "127.0.0.1")
        )

    assert answer.body == b"fine"


async def test_a_name_is_looked_up_once(serve: Serve) -> None:
    """What was checked is what is dialled: a name that changes between two looks gains nothing."""
    looks = iter([("127.0.0.1",)])

    async def resolve(host: str, port: int) -> Sequence[str]:
        return next(looks)

    async with serve(GOOD) as server:
        answer = await posted(f"http://model.example:{server.port}", resolve=resolve)

    assert answer.body == b"fine"
    assert f"Host: model.example:{server.port}".encode() in server.asked[0]


async def test_an_address_that_is_not_allowed_gets_no_connection(serve: Serve) -> None:
    """A name of the open internet that points at this machine is refused, with one bad address
    among good ones too.
    """
    async with serve(GOOD) as server:
        destination = Destination.parse(
            f"http://hook.example:{server.port}", reach="public", plain_http=True
        )
        for addresses in (("127.0.0.1",), ("93.184.216.34", "127.0.0.1")):
            with pytest.raises(NotSent) as raised:
                await send(
                    destination,
                    method="POST",
                    path="",
                    headers={},
                    resolve=at(*addresses),
                )
            assert raised.value.code == "address_refused"
    await asyncio.sleep(0)

    assert server.asked == []


@pytest.mark.parametrize(
    ("name", "code"), [("model.example", ""), ("other.example", "not_connected")]
)
async def test_a_host_must_prove_its_name(
    serve: Serve, tmp_path: Path, name: str, code: str
) -> None:
    """The certificate must be that of the host, though the connection goes to an address."""
    certificate = self_signed(tmp_path, "model.example")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    ours = ssl.create_default_context(cafile=str(certificate))
    said = ""
    async with serve(GOOD, tls=tls) as server:
        url = f"https://{name}:{server.port}"
        try:
            await posted(url, resolve=at("127.0.0.1"), trust=ours)
        except NotSent as error:
            said = error.code

    assert said == code
    assert bool(server.asked) is not bool(code)


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    serve: Serve, tmp_path: Path
) -> None:
    """Without other authorities those of this machine are asked, and they know no such host."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(self_signed(tmp_path, "model.example"))
    async with serve(GOOD, tls=tls) as server:
        with pytest.raises(NotSent) as raised:
            await posted(
                f"https://model.example:{server.port}", resolve=at("127.0.0.1")
            )

    assert raised.value.code == "not_connected"
    assert server.asked == []
