"""The policy asked of an OPA server through opa-python-client, strictly."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import orjson
from opa_client.opa_async import AsyncOpaClient  # type: ignore[import-untyped]  # ships no types

from interlock.runtime.errors import NotCanonical
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine.answer import Messages, Trouble, read, trouble
from interlock.runtime.policy.engine.question import Listed, question
from interlock.runtime.policy.request import AccessRequest

DEADLINE_S: Final = 0.25
LARGEST_ANSWER: Final = 1024 * 1024  # bytes; a decision has some hundred


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    """One whole answer, in the form in which the library takes a response."""

    body: bytes = field(repr=False)

    def raise_for_status(self) -> None:
        """Do nothing: only an answer with status 200 becomes an object of this class."""

    async def json(self) -> Any:
        return orjson.loads(self.body)


class _Client(AsyncOpaClient):  # type: ignore[misc]  # ships no types
    """The library's client, held to one server and to an answer of bounded size.

    A redirect, a compressed body, another content type and a body beyond the bound raise
    ValueError: none of them is an answer (fails closed). The library's session asks no proxy.
    """

    @asynccontextmanager
    async def _request(
        self, method: str, url: str, **options: Any
    ) -> AsyncIterator[_Answer]:
        strictly = {
            "allow_redirects": False,
            "auto_decompress": False,
            "headers": {"Accept-Encoding": "identity"},
        }
        async with super()._request(method, url, **options, **strictly) as response:
            response.raise_for_status()
            yield _Answer(body=await _body(response))


async def _body(response: aiohttp.ClientResponse) -> bytes:
    if response.status != HTTPStatus.OK:
        raise ValueError(f"the server answered {response.status}")
    encoding = response.headers.get("Content-Encoding", "identity")
    if encoding != "identity" or response.content_type != "application/json":
        raise ValueError("the server's answer is compressed, or no JSON")
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise ValueError(f"the answer is larger than {LARGEST_ANSWER} bytes")
    return bytes(body)


class ServerPoint:
    """A decision point in another process: an async context manager over one OPA server.

    The document asked for is a constant (the client joins paths unescaped), nothing is retried
    inside a decision, and every answer must carry the pinned *revision*. *messages* and the
    arguments *listed* come from the same bundle the server runs; without a list no text is shown.
    """

    engine = "opa-server"

    def __init__(
        self,
        *,
        host: str,
        port: int,
        revision: str,
        messages: Messages,
        listed: Listed | None = None,
        tls: bool = False,
        token: str | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._client = _Client(
            host=host, port=port, ssl=tls, token=token, retries=0, timeout=deadline_s
        )
        self._revision = revision
        self._messages = messages
        self._deadline_s = deadline_s
        self._listed = listed or {}
        self._is_open = False

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        self._is_open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_open = False
        await self._client.__aexit__(kind, error, trace)

    @property
    def revision(self) -> str:
        """The pinned revision."""
        return self._revision

    async def decide(self, request: AccessRequest) -> Decision:  # noqa: PLR0911 - one line, one kind of trouble
        """Return the policy's decision; see `DecisionPoint`."""
        if not self._is_open:
            return self._trouble("pdp_unavailable", "it is closed")
        try:
            document = orjson.loads(question(request, self._listed))
            async with asyncio.timeout(self._deadline_s):
                answer = await self._client.query_rule(
                    input_data=document, package_path="rails", rule_name="decision"
                )
        except TimeoutError:
            return self._trouble("pdp_timeout", f"{self._deadline_s} s")
        except (aiohttp.ClientError, OSError, NotCanonical) as error:
            return self._trouble(
                "pdp_unavailable", f"{type(error).__name__} {error}"[:200]
            )
        except (
            ValueError,
            RecursionError,
        ) as error:  # the body is not JSON, or nested without end
            return self._trouble("pdp_malformed", str(error)[:200])
        if not isinstance(answer, dict):
            return self._trouble("pdp_malformed", "not an object")
        if "result" not in answer:
            return self._trouble("pdp_undefined", "")
        return read(
            answer["result"],
            revision=self._revision,
            engine=self.engine,
            messages=self._messages,
        )

    def _trouble(self, code: Trouble, detail: str) -> Decision:
        return trouble(code, revision=self._revision, engine=self.engine, detail=detail)
