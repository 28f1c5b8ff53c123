"""A home served in process: the API over real people, real keys and the shipped policy."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2

from interlock.runtime.policy.request import Principal
from interlock.serving.home import Home
from interlock.serving.home import opened as home_opened
from interlock.serving.http.application import application
from interlock.serving.identity.identity import Identity
from interlock.serving.operations import keys
from interlock.serving.workspace import open_workspace

_PEOPLE: Final = """people:
- {id: ana, roles: [analyst]}
- {id: rita, roles: [reviewer]}
"""
ANA: Final = Principal(
    id="ana",
    tenant="default",
    roles=("analyst",),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """An open home and a client of its API."""

    home: Home
    client: httpx2.AsyncClient

    async def key(self, person: Principal = ANA) -> Any:
        """Issue a key to *person*."""
        return await keys.issue(
            self.home.desk, "probe", list(person.roles), person=person
        )

    async def ask(self, path: str, text: str, **headers: str) -> httpx2.Response:
        """Ask for *path* with the key whose *text* is this."""
        known = {"Authorization": f"Bearer {text}", **headers}
        return await self.client.get(path, headers=known)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[House]:
    """Open a new home in *folder* and serve it."""
    (folder / "people.yaml").write_text(_PEOPLE, "utf-8")
    settings = open_workspace({}, chosen={"home": str(folder)}).settings
    async with home_opened(settings) as home:
        served = application(home, authenticator=Identity.over(home))
        transport = httpx2.ASGITransport(app=served)
        client = httpx2.AsyncClient(
            transport=transport,
            base_url="http://127.0.0.1",
        )
        async with served.router.lifespan_context(served), client:
            yield House(
                home=home,
                client=client,
            )
