"""Seeding: canaries are put before reviewers as what was asked before, and nobody tells them."""

import random
import re
from typing import Any

from interlock.runtime.policy.request import Principal
from interlock.runtime.run import canary
from interlock.serving.home import Home
from interlock.serving.quality.seeding import seed

CHANCE = random.Random(3)  # noqa: S311 - which request a canary is made of
ROOT = Principal(id="root", tenant="default", roles=("administrator",))


async def test_a_canary_looks_as_what_it_is_made_of(
    home: Home, waiting: str, browser: Any
) -> None:
    """The page, the row in the list and the rows of a canary have the parts of the approval that it
    was made of: other ids, times and digests, and the one text that is bad.
    """
    put = await seed(home, 1, person=ROOT, chance=CHANCE)
    listed = {row.id: row for row in await home.approvals.list(state="waiting")}
    made = next(row for name, row in listed.items() if name != waiting)
    rhea = browser("rhea")

    pages = [
        outline((await rhea.get(f"/approvals/{name}")).text)
        for name in (waiting, made.id)
    ]

    assert put == 1
    assert canary.is_canary(home.vault, made.run_id)
    assert set(pages[1]) - set(pages[0]) == set()
    row = (await rhea.get("/approvals")).text
    assert row.count("data-item") == 2


def outline(page: str) -> list[str]:
    """Return the elements of a page with their classes."""
    return re.findall(r'<(?:\w+)(?: class="[^"]*")?', page)
