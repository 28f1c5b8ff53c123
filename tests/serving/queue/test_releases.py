"""The page about releases: what is in force and by whom, the rollout beside it, and no markup."""

from typing import Any

import pytest

from interlock.runtime.policy.request import Principal
from interlock.serving.home import Home
from interlock.serving.queue import standing

HOSTILE = "<script>alert(1)</script>\u202e<img src=x onerror=alert(1)> {{ 7 * 7 }}"


async def test_a_home_without_releases_says_so(browser: Any) -> None:
    """The page is there before anything was released, and every other page leads to it."""
    rhea = browser("rhea")
    page = (await rhea.get("/releases")).text

    assert "No release was ever in force" in page
    assert "No release was ever rolled out" in page
    assert '<a href="/releases">Releases</a>' in (await rhea.get("/")).text


async def test_the_page_says_who_agreed_and_on_which_figures(
    home: Home, browser: Any, roll_out: Any
) -> None:
    """Whole digests of what is in force, who made and promoted it, both releases of the rollout
    with the runs and the range of each share, and each decision with what it rests on.
    """
    rolled = await roll_out(home)
    page = (await browser("rhea").get("/releases")).text

    for words in (
        f"<code>{rolled.control}</code>",
        "<dt>made by</dt><dd><b>ana</b>",
        "<dt>promoted by</dt><dd><b>rhea</b>",
        f"Candidate <code>{rolled.candidate[:12]}</code>",
        "<b>50 of a hundred</b> new runs",
        '<b>0.250</b> <span class="soft">of 4 runs</span>',
        '<b>0.000</b> <span class="soft">of 3 runs</span>',
        "<td>started</td>",
        "<td>held</td>",
        "4 runs beside 3</span>",
        "cancelled 0 and 0",
    ):
        assert words in page, words


async def test_older_decisions_are_a_page_away(
    home: Home, browser: Any, roll_out: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No decision is left out or shown twice; how the rollout stands is shown on each page."""
    monkeypatch.setattr(standing, "_MOST", 1)
    await roll_out(home)
    rhea = browser("rhea")
    first = (await rhea.get("/releases")).text
    address = first.partition('rel="next" href="')[2].partition('"')[0]
    second = (await rhea.get(address)).text

    assert ("<td>held</td>" in first, "<td>started</td>" in first) == (True, False)
    assert ("<td>held</td>" in second, "<td>started</td>" in second) == (False, True)
    assert 'rel="next"' not in second
    assert "of 4 runs</span>" in second


async def test_what_was_planted_in_names_is_text(
    home: Home, browser: Any, roll_out: Any
) -> None:
    """Names of people and of models become no markup, run nothing and reorder nothing."""
    hostile = Principal(id=HOSTILE, tenant="default", roles=("reviewer",))
    await roll_out(home, by=hostile, model=HOSTILE.replace("\u202e", ""))
    page = (await browser("rhea").get("/releases")).text

    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "{{ 7 * 7 }}" in page
    assert "\u202e" not in page


@pytest.mark.parametrize(
    ("name", "path", "status"),
    [
        ("ana", "/releases", 200),
        ("otto", "/releases", 200),
        ("rhea", "/releases?below=x", 400),
        ("rhea", f"/releases?below={10**20}", 400),
        ("", "/releases", 303),
    ],
)
async def test_the_page_is_for_whoever_may_look(
    browser: Any, name: str, path: str, status: int
) -> None:
    """Releases are of the home, so people of each tenant see them; nobody does unsigned."""
    assert (await browser(name).get(path)).status_code == status
