"""A home served in process: who asks is known by a twin, everything else is the product."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import httpx2
import pytest

from interlock.errors import NotAuthenticated
from interlock.runtime.policy.request import Principal
from interlock.serving.home import Home, opened
from interlock.serving.http.application import application
from interlock.serving.identity.caller import Caller
from interlock.serving.workspace import open_workspace

BASE: Final = "http://127.0.0.1"


def person(name: str, *roles: str, tenant: str = "default") -> Principal:
    """Return somebody with these roles."""
    return Principal(id=name, tenant=tenant, roles=roles)


@dataclass
class Keys:
    """Knows everybody by a key; one that is taken away is known no more."""

    people: dict[str, Principal] = field(default_factory=dict)

    def headers(self, who: Principal) -> dict[str, str]:
        """Return the header by which *who* is known."""
        key = f"ilk_{who.tenant}_{who.id}_{'_'.join(who.roles)}"
        self.people[key] = who
        return {"Authorization": f"Bearer {key}"}

    async def of_session(self, cookie: str) -> Caller:
        raise NotAuthenticated(what="The session")

    async def of_key(self, key: str) -> Caller:
        if key not in self.people:
            raise NotAuthenticated(what="The key")
        return Caller(principal=self.people[key], method="key")

    async def of_token(self, token: str) -> Caller:
        raise NotAuthenticated(what="The token")


@dataclass(frozen=True, kw_only=True)
class Served:
    """A home, and a client of its API."""

    home: Home
    keys: Keys
    client: httpx2.AsyncClient
    app: Any

    async def ask(
        self, who: Principal | None, method: str, path: str, **more: Any
    ) -> httpx2.Response:
        """Ask as *who*, or as nobody."""
        headers: Mapping[str, str] = more.pop("headers", {})
        known = {} if who is None else self.keys.headers(who)
        return await self.client.request(
            method, path, headers={**known, **headers}, **more
        )


Serve: TypeAlias = Callable[..., AbstractAsyncContextManager[Served]]


@asynccontextmanager
async def _serve(
    folder: Path, *, database: str = "", **options: Any
) -> AsyncIterator[Served]:
    chosen = {"home": str(folder)}
    if database:
        chosen["database"] = database
    settings = open_workspace({}, chosen=chosen).settings
    keys = Keys()
    async with opened(settings) as home:
        app = application(home, authenticator=keys, **options)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app=app), base_url=BASE
            ) as client,
        ):
            yield Served(home=home, keys=keys, client=client, app=app)


@pytest.fixture
def serve() -> Serve:
    """Open a home in a folder and serve it."""
    return _serve


@pytest.fixture
async def served(home: Path) -> AsyncIterator[Served]:
    """A new home, served."""
    async with _serve(home) as one:
        yield one


@pytest.fixture
async def served_twice(home: Path, database_url: str) -> AsyncIterator[Served]:
    """A new home, served: once on SQLite, once on PostgreSQL."""
    async with _serve(home, database=database_url) as one:
        yield one
