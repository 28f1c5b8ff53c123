"""The pages about the API and its client, followed over a real connection to a server."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from interlock.runtime.policy.request import Principal
from interlock.serving.operations import keys

from .conftest import CONTRACT, ROOT, Site

GUIDE: Final = ROOT / "docs/howto/api.md"
CLIENT: Final = ROOT / "docs/howto/client.md"
_PYTHON: Final = re.compile(r"```python\n(.*?)```", re.DOTALL)


def _functions(guide: Path) -> dict[str, Callable[..., Any]]:
    named: dict[str, Any] = {}
    for block in _PYTHON.findall(guide.read_text("utf-8")):
        exec(block, named)  # noqa: S102 - the page's own code is what is tested
    return named


def _key(site: Site, name: str, role: str) -> str:
    """Return an API key of the person."""
    person = Principal(id=name, tenant="default", roles=(role,))
    return site.do(keys.issue(site.home.desk, "guide", [role], person=person)).text


def _client(site: Site, name: str, role: str) -> httpx2.AsyncClient:
    """Return a client with an API key of the person."""
    headers = {"Authorization": f"Bearer {_key(site, name, role)}"}
    return httpx2.AsyncClient(base_url=site.url, headers=headers, timeout=30)


async def _waits(client: httpx2.AsyncClient) -> None:
    """Return when something waits for a person."""
    query = {"state": "waiting"}
    while not (await client.get("/v1/approvals", params=query)).json()["data"]:  # noqa: ASYNC110 - the server's worker makes it so
        await asyncio.sleep(0.1)


def test_a_run_is_handed_in_followed_and_rejected_as_the_page_says(site: Site) -> None:
    """The page's functions start a run, decide what waits, and hear of the run until it ends."""
    guide = _functions(GUIDE)

    async def work() -> tuple[int, list[str]]:
        async with (
            _client(site, "ana", "analyst") as analyst,
            _client(site, "rhea", "reviewer") as reviewer,
            asyncio.timeout(60),
        ):
            run_id = await guide["review"](
                analyst, CONTRACT.name, CONTRACT.read_bytes()
            )
            following = asyncio.create_task(guide["follow"](analyst, run_id))
            await _waits(reviewer)
            rejected = await guide["reject_all"](reviewer, "not this one")
            return rejected, await following

    rejected, names = asyncio.run(work())
    assert rejected == 1
    assert names[0] == "run_started"
    assert names[-1] == "run_ended"
    assert names.count("approval") == 1


def test_the_client_follows_a_review_as_its_page_says(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page's function starts a review, prints each event, and returns how the run ended."""
    review = _functions(CLIENT)["review"]
    key = _key(site, "ana", "analyst")

    assert asyncio.run(asyncio.wait_for(review(site.url, key, CONTRACT), 60)) == "done"
    told = [line.split()[1] for line in capsys.readouterr().out.splitlines()]
    assert (told[0], told[-1]) == ("run_started", "run_ended")
