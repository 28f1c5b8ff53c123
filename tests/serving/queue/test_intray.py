"""Documents are handed in on a page: refused ones say why, and names stay text."""

import html
from pathlib import Path
from typing import Any

import pytest

from interlock.serving.intray.progress import Progress

TOKEN = {"csrf": "token-of-ana-1"}
NAME = "<img src=x onerror=alert(1)>\u202e.txt"
TEXT = (
    b"SUPPLY AGREEMENT between Acme Ltd and Bolt Ltd. Governed by the laws of Ireland."
)


async def handed_in(browser: Any, contract: Path, **fields: str) -> Any:
    """Hand in a contract, a text of a hostile name and a file that is none."""
    files = [
        ("files", (contract.name, contract.read_bytes())),
        ("files", (NAME, TEXT)),
        ("files", ("old.doc", b"\xd0\xcf\x11\xe0 no document")),
    ]
    return await browser("ana").post("/jobs", data=TOKEN | fields, files=files)


async def test_documents_are_handed_in_and_shown(browser: Any, contract: Path) -> None:
    """Several files are one job; what is refused says why, and every name is text."""
    answer = await handed_in(browser, contract, party="Acme", playbook="customer")
    assert answer.status_code == 303
    job = answer.headers["location"]
    page = (await browser("ana").get(job)).text
    assert contract.name in page
    assert "old.doc" in page
    assert "document_" in page or "Cannot read" in page
    assert "<img src=x" not in page
    assert "<img src=x" in html.unescape(page)
    assert "\u202e" not in page
    assert job in (await browser("rhea").get("/jobs")).text


async def test_a_job_of_another_tenant_is_not_there(
    browser: Any, contract: Path
) -> None:
    """Neither its page nor its results nor a turn of it is there for another tenant."""
    job = (await handed_in(browser, contract)).headers["location"]
    otto = browser("otto")
    form = {"csrf": "token-of-otto-1"}
    assert (await otto.get(job)).status_code == 404
    for page in ("results/csv", "portfolio"):
        assert (await otto.get(f"{job}/{page}")).status_code == 404
    assert (await otto.post(f"{job}/cancel", data=form)).status_code == 404
    assert job not in (await otto.get("/jobs")).text


async def test_a_job_is_turned_and_its_results_are_taken(
    browser: Any, contract: Path
) -> None:
    """Pause, resume and cancel are forms of the page; the portfolio is a file."""
    job = (await handed_in(browser, contract)).headers["location"]
    ana = browser("ana")
    states = []
    for turn in ("pause", "resume", "cancel"):
        assert (await ana.post(f"{job}/{turn}", data=TOKEN)).status_code == 303
        page = (await ana.get(job)).text
        states.append(page.partition('<span class="state ')[2].partition('"')[0])
    assert states == ["paused", "open", "cancelled"]
    portfolio = await ana.get(f"{job}/results/html")
    assert portfolio.headers["content-disposition"].startswith("attachment")
    assert (await ana.get(f"{job}/results/exe")).status_code == 404
    grid = await ana.get(f"{job}/portfolio")
    assert "No contract of this job has been reviewed yet" in grid.text


@pytest.mark.parametrize("fields", [{}, {"playbook": "nobody's"}])
async def test_a_form_that_lacks_something_says_what(
    browser: Any, fields: dict[str, str]
) -> None:
    """Without a file, or with a playbook that is none, nothing begins."""
    files = [("files", ("a.txt", TEXT))] if fields else [("files", ("", b""))]
    answer = await browser("ana").post("/jobs", data=TOKEN | fields, files=files)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_time_left_is_told_by_the_rate_so_far() -> None:
    """Half in ten minutes leaves ten; before the first is over nothing is said."""
    assert Progress(over=5, documents=10, seconds=600).minutes_left == 10
    assert Progress(over=0, documents=10, seconds=600).minutes_left is None
    assert Progress(over=5, documents=10, seconds=600).rate == 0.5
