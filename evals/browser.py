"""A browser in this process: what a person who has signed in is shown by the pages of a home."""

from typing import Any, Final, cast

import httpx2
from fastapi import FastAPI

from interlock.serving.identity.identity import Identity
from interlock.serving.queue.cookie import NAME

_PATIENCE_S: Final = 60.0


async def signed_in(app: FastAPI, identity: Identity, name: str) -> httpx2.AsyncClient:
    """Return a browser in which the person *name* has just signed in; close it after use."""
    cookie, _ = await identity.sign_in_by_link(await identity.link(name))
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=cast(Any, app)),
        base_url="https://queue.test",
        headers={"Sec-Fetch-Site": "same-origin"},
        cookies={NAME: cookie},
        timeout=_PATIENCE_S,
    )
