"""Where requests may go: one host and port, and the addresses at which the host may be."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, Literal, Self, TypeAlias, assert_never
from urllib.parse import urlsplit

from interlock.tools.outbound.errors import NotSent

#: public: only addresses of the open internet, for what a person or a tenant named
#: any: private networks too, for what the operator of the installation named
Reach: TypeAlias = Literal["public", "any"]
Address: TypeAlias = IPv4Address | IPv6Address
#: Returns the addresses of a host and port, as texts
Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

_PORTS: Final = {"http": 80, "https": 443}
_LOCAL: Final = "localhost"
#: NAT64: the last four bytes are the IPv4 address that is reached
_TRANSLATED: Final = ip_network("64:ff9b::/96")
#: All that was ever given out of IPv6 for use in the open
_OPEN: Final = ip_network("2000::/3")


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """One host and port; `parse` makes one from a URL that somebody entitled has set."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    #: What the path of each request begins with; no slash at its end
    base: str
    reach: Reach
    #: Whether plain HTTP may leave this machine
    plain_http: bool = False
    #: The proxy that the operator named; the proxy then looks up the host
    proxy: str | None = None

    @classmethod
    def parse(
        cls,
        url: str,
        *,
        reach: Reach,
        plain_http: bool = False,
        proxy: str | None = None,
    ) -> Self:
        """Return the destination that *url* names; requests to loopback never take the *proxy*.

        Raises ValueError, in words for the person who set the URL, for one that is not whole, that
        holds a password, a query or a fragment, and for plain HTTP off this machine (fails closed).
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme not in _PORTS or not host.isascii() or not host:
            raise ValueError("it is not a URL that begins with http:// or https://")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("its URL holds more than scheme, host, port and path")
        is_local = host == _LOCAL or _is_loopback(host)
        if parts.scheme == "http" and not (is_local or plain_http):
            raise ValueError(
                "plain HTTP leaves this machine unencrypted: use https, or allow plain HTTP"
            )
        return cls(
            scheme="https" if parts.scheme == "https" else "http",
            host=host,
            port=parts.port or _PORTS[parts.scheme],
            base=parts.path.rstrip("/"),
            reach=reach,
            plain_http=plain_http,
            proxy=None if is_local else proxy,
        )

    @property
    def authority(self) -> str:
        """The host and port as a URL has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL that every request begins with."""
        return f"{self.scheme}://{self.authority}{self.base}"

    async def addresses(self, resolve: Resolver | None = None) -> tuple[Address, ...]:
        """Return the addresses at which the host may be reached, looked up once.

        Raises `NotSent` when there is none, and when a single one of them is not allowed: a name
        that points at two networks is somebody's trick (fails closed).
        """
        try:
            texts = await (resolve or _resolved)(self.host, self.port)
        except OSError as error:
            why = f"its name was not found ({error.strerror})"
            raise NotSent(
                code="not_resolved",
                where=self.url,
                why=why,
            ) from error
        except UnicodeError as error:
            why = "its name is none that a host can have"
            raise NotSent(
                code="not_resolved",
                where=self.url,
                why=why,
            ) from error
        addresses = tuple(dict.fromkeys(ip_address(text) for text in texts))
        if not addresses:
            raise NotSent(
                code="not_resolved",
                where=self.url,
                why="its name has no address",
            )
        for address in addresses:
            if not self._is_allowed(address):
                why = f"its name points at {address}, which is not allowed for it"
                raise NotSent(
                    code="address_refused",
                    where=self.url,
                    why=why,
                )
        return addresses

    def _is_allowed(self, address: Address) -> bool:
        if self.scheme == "http" and not self.plain_http:
            return address.is_loopback
        match self.reach:
            case "any":
                return True
            case "public":
                return _is_public(address)
            case other:
                assert_never(other)


def _is_public(address: Address) -> bool:
    """Whether the address, or the one that it carries inside, belongs to the open internet."""
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast
    if address in _TRANSLATED:
        return _is_public(IPv4Address(address.packed[-4:]))
    carried = address.sixtofour
    if carried is not None:
        return _is_public(carried)
    return address in _OPEN and address.is_global


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


async def _resolved(host: str, port: int) -> Sequence[str]:
    """Return the addresses of the host; one that is an address itself is asked of nobody."""
    with suppress(ValueError):
        return (str(ip_address(host)).partition("%")[0],)
    loop = asyncio.get_running_loop()
    rows = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(row[4][0]).partition("%")[0] for row in rows]
