"""The other pages: each shows its own thing, to whoever the policy lets look."""

from typing import Any

import pytest

from interlock.serving.home import Home


async def run_of(home: Home, waiting: str) -> str:
    """Return the run whose approval waits."""
    return (await home.approvals.read(waiting)).run_id


async def test_the_home_page_says_what_needs_whom(browser: Any, waiting: str) -> None:
    """A reviewer finds there what to decide, and whoever asked for it does not."""
    pages = {name: (await browser(name).get("/")).text for name in ("rhea", "ana")}

    assert f'href="/approvals/{waiting}"' in pages["rhea"]
    assert f'href="/approvals/{waiting}"' not in pages["ana"]


async def test_a_run_tells_its_whole_history(
    home: Home, browser: Any, waiting: str
) -> None:
    """The page of a run shows every action with its codes, who decided, and why."""
    rhea = browser("rhea")
    run = await run_of(home, waiting)
    shown = (await home.approvals.read(waiting)).evidence_digest
    form = {"csrf": "token-of-rhea-1", "evidence_digest": shown}
    await rhea.post(
        f"/approvals/{waiting}/verdict",
        data=form | {"verdict": "rejected", "note": "The wrong <b>addressee</b>"},
    )

    page = (await rhea.get(f"/runs/{run}")).text

    assert f'href="/runs/{run}"' in (await rhea.get("/runs")).text
    for tool in ("document.read", "contracts.review", "report.write", "mail.send"):
        assert tool in page
    assert "The wrong &lt;b&gt;addressee&lt;/b&gt;" in page
    assert "by <b>rhea</b>" in page
    assert "granted" in page


async def test_a_run_of_another_tenant_is_not_there(
    home: Home, browser: Any, waiting: str
) -> None:
    """Runs, budgets and entries of one tenant are shown to no other."""
    otto = browser("otto")
    run = await run_of(home, waiting)

    assert (await otto.get(f"/runs/{run}")).status_code == 404
    for path in ("/", "/runs", "/budgets"):
        assert run not in (await otto.get(path)).text


@pytest.mark.parametrize(
    ("name", "path", "status"),
    [
        ("rhea", "/policy", 200),
        ("rhea", "/budgets", 200),
        ("rhea", "/keys", 200),
        ("rhea", "/audit", 403),
        ("root", "/audit", 200),
        ("root", "/approvals/none", 404),
        ("rhea", "/nowhere", 404),
        ("root", "/audit?below=x", 400),
    ],
)
async def test_each_page_is_for_whoever_may_look(
    browser: Any, name: str, path: str, status: int
) -> None:
    """A page that the policy denies is refused with its code, and what is nowhere is not found."""
    answer = await browser(name).get(path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_the_log_is_verified_from_its_page(home: Home, browser: Any) -> None:
    """The button of the audit page verifies the tenant's log and says what came of it."""
    root = browser("root")
    head = await home.ledger.head("default")
    page = (await root.get("/audit")).text

    answer = await root.post("/audit/verify", data={"csrf": "token-of-root-1"})

    assert head.root in page
    assert f"{head.size} entries" in answer.text
    assert "Valid" in answer.text
