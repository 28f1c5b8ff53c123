"""Where requests may go: what is refused before anything is sent."""

from collections.abc import Awaitable, Callable, Sequence

import pytest

from interlock.tools.outbound.destination import Destination, Reach
from interlock.tools.outbound.errors import NotSent

PUBLIC = ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822", "2002:5db8:d822::1"]
PRIVATE = [
    "127.0.0.1",
    "::1",
    "0.0.0.0",  # noqa: S104 - an address that must be refused
    "::",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::ffff:93.184.216.34",
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",
    "2002:a00:1::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
]


def at(*addresses: str) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """Return a resolver that gives every name these addresses."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


async def code(reach: Reach, *addresses: str, url: str = "https://a.example") -> str:
    """Return why the addresses are refused, or nothing."""
    destination = Destination.parse(url, reach=reach)
    try:
        await destination.addresses(at(*addresses))
    except NotSent as error:
        return error.code
    return ""


@pytest.mark.parametrize("address", PUBLIC)
async def test_the_open_internet_may_be_reached(address: str) -> None:
    """An address of the open internet is allowed, also one that carries an IPv4 address."""
    assert await code("public", address) == ""


@pytest.mark.parametrize("address", PRIVATE)
async def test_private_networks_may_not(address: str) -> None:
    """An address of this machine, of a private network or of none is refused where a host must be
    public, however it is written, and allowed where the operator named the host.
    """
    assert await code("public", address) == "address_refused"
    assert await code("any", address) == ""


async def test_a_name_without_an_address_is_not_reached() -> None:
    """No address is not every address."""
    assert await code("any") == "not_resolved"


async def test_a_misspelt_name_is_not_found() -> None:
    """A name that no host can have is told as one that was not found, and nothing is sent."""
    destination = Destination.parse("https://api..example", reach="any")
    with pytest.raises(NotSent) as unsent:
        await destination.addresses()

    assert unsent.value.code == "not_resolved"


async def test_localhost_is_this_machine_or_nothing() -> None:
    """Plain HTTP to a name of this machine goes to loopback, whatever the name points at."""
    assert await code("any", "127.0.0.1", url="http://localhost") == ""
    assert await code("any", "10.0.0.1", url="http://localhost") == "address_refused"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example",
        "https://",
        "//a.example",
        "https://user:secret@a.example",
        "https://a.example/?q=1",
        "https://a.example/#part",
        "https://a.example:99999",
        "https://exämple.org",
        "http://a.example",
        "http://10.0.0.1",
        "http://localhost.example",
    ],
)
def test_a_url_that_says_too_little_or_too_much_is_refused(url: str) -> None:
    """Neither a password nor a query hides in a destination, and plain HTTP stays on loopback."""
    with pytest.raises(ValueError, match=r"URL|HTTP|[Pp]ort"):
        Destination.parse(url, reach="any")


def test_plain_http_may_be_allowed() -> None:
    """Whoever says so may send unencrypted."""
    destination = Destination.parse(
        "http://a.example/v1/", reach="any", plain_http=True
    )

    assert destination.url == "http://a.example:80/v1"
