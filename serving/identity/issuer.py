"""The issuer: what its discovery document says, and its keys, each fetched by the one way out."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import orjson

from interlock.serving.identity.keyset import KeySet
from interlock.serving.identity.refusal import IssuerAway
from interlock.tools.outbound.client import Answer, Bounds, send
from interlock.tools.outbound.destination import Destination
from interlock.tools.outbound.errors import NotSent, Spoilt

_DISCOVERY: Final = "/.well-known/openid-configuration"
_BOUNDS: Final = Bounds(most_bytes=512 * 1024, total_s=10.0)
#: What was fetched is fetched again after so many seconds
FRESH_S: Final = 300
#: Where that fails, what was fetched last serves for so many seconds more
LONGEST_S: Final = 3600
#: The issuer is asked once in so many seconds, however many tokens name keys that nobody knows
AGAIN_S: Final = 60
_OK: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """What is used of a discovery document, and the keys that it led to."""

    authorization_endpoint: str
    token_endpoint: str
    #: Where a browser ends its session at the issuer; empty where there is no such place
    end_session_endpoint: str
    #: Whether each answer of the issuer names the issuer (RFC 9207)
    names_itself: bool
    takes_basic: bool
    keys: KeySet


class Way(Protocol):
    """Sends one request below a URL and returns the answer; see `send`."""

    async def __call__(
        self,
        destination: Destination,
        *,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        bounds: Bounds | None = None,
    ) -> Answer:
        """Return the answer; raises `NotSent` and `Spoilt`."""
        ...


class Issuer:
    """One issuer, as last fetched; lives as long as the process and is one for all requests.

    `IssuerAway` is raised where nothing that is fresh enough can be had (fails closed).
    """

    def __init__(
        self, url: str, *, proxy: str | None = None, way: Way | None = None
    ) -> None:
        self.url = url
        self._proxy = proxy
        self._way: Way = way or send
        self._lock = asyncio.Lock()
        self._known: Provider | None = None
        self._fetched = 0
        self._tried = 0

    async def provider(self, now: int, *, key: str | None = None) -> Provider:
        """Return what is known of the issuer; where it lacks *key*, what is known a moment later.

        The key may still be missing then.
        """
        if self._serves(now, key):
            return self._usable(now)
        async with self._lock:
            if not self._serves(now, key) and now - self._tried >= AGAIN_S:
                self._tried = now
                await self._fetch(now)
        return self._usable(now)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a form to an endpoint of the issuer."""
        typed = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        return await self._ask(url, "POST", typed, body)

    def _serves(self, now: int, key: str | None) -> bool:
        known = self._known
        if known is None or now - self._fetched >= FRESH_S:
            return False
        return key is None or known.keys.has(key)

    def _usable(self, now: int) -> Provider:
        if self._known is None or now - self._fetched >= LONGEST_S:
            raise IssuerAway(self.url, "nothing that is fresh enough is known of it")
        return self._known

    async def _fetch(self, now: int) -> None:
        """Fetch all anew; what is known goes on to serve while that fails."""
        try:
            self._known = await self._read()
        except IssuerAway:
            if self._known is None:
                raise
            return
        self._fetched = now

    async def _read(self) -> Provider:
        document = await self._document(self.url.rstrip("/") + _DISCOVERY)
        if document.get("issuer") != self.url:
            raise IssuerAway(self.url, "its discovery document is of another issuer")
        keys = KeySet.parse(await self._document(str(document.get("jwks_uri", ""))))
        if not keys:
            raise IssuerAway(self.url, "it has no key that can be used")
        ways = document.get("token_endpoint_auth_methods_supported")
        return Provider(
            authorization_endpoint=self._checked(document, "authorization_endpoint"),
            token_endpoint=self._checked(document, "token_endpoint"),
            end_session_endpoint=self._checked(document, "end_session_endpoint"),
            names_itself=document.get("authorization_response_iss_parameter_supported")
            is True,
            takes_basic=not isinstance(ways, list) or "client_secret_basic" in ways,
            keys=keys,
        )

    def _checked(self, document: Mapping[str, Any], name: str) -> str:
        """Return an endpoint, or nothing where there is none; raises `IssuerAway`."""
        url = document.get(name, "")
        if not isinstance(url, str):
            raise IssuerAway(self.url, f"its {name} is no URL")
        if url:
            self._destination(url)
        return url

    async def _document(self, url: str) -> Mapping[str, Any]:
        answer = await self._ask(url, "GET", {}, b"")
        try:
            document = orjson.loads(answer.body)
        except ValueError as error:
            raise IssuerAway(self.url, f"{url} is no JSON") from error
        if answer.status != _OK or not isinstance(document, dict):
            raise IssuerAway(self.url, f"{url} answers {answer.status}, or no object")
        return document

    async def _ask(
        self, url: str, method: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        query = urlsplit(url).query
        try:
            return await self._way(
                self._destination(url),
                method=method,
                path=f"?{query}" if query else "",
                headers={"Accept": "application/json", **headers},
                body=body,
                bounds=_BOUNDS,
            )
        except (NotSent, Spoilt) as error:
            raise IssuerAway(self.url, error.why) from error

    def _destination(self, url: str) -> Destination:
        """Return where *url* leads: anywhere on the issuer's own host, else to the open internet.

        The operator named the issuer and nobody else, so a document cannot lead into this network.
        """
        parts = urlsplit(url)
        is_own = parts.netloc == urlsplit(self.url).netloc
        try:
            return Destination.parse(
                parts._replace(query="").geturl(),
                reach="any" if is_own else "public",
                proxy=self._proxy,
            )
        except ValueError as error:
            raise IssuerAway(self.url, f"{url!r}: {error}") from error
