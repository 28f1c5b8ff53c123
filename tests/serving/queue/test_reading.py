"""Reading a review and its document: exact, linked both ways, and for nobody of another tenant."""

import html
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from interlock.serving.home import Home

HOSTILE = "<script>alert(1)</script>\u202e<img src=x onerror=alert(1)> {{ 7 * 7 }}"


@pytest.fixture
async def run_id(home: Home) -> str:
    """The run whose review is read."""
    return (await home.runs.list(tenant="default"))[0].id


@pytest.fixture
async def digest(home: Home, run_id: str) -> str:
    """The document that the run has read."""
    readings = await home.library.readings(tenant="default", run_id=run_id)
    return readings[0].document.digest


@pytest.fixture
async def review(home: Home, run_id: str, digest: str) -> Any:
    """The review that the run keeps."""
    return await home.reviews.of(digest, run_id=run_id)


def links(page: str) -> tuple[set[str], list[str]]:
    """Return the places of the page that its links name, and every id that it has."""
    return (
        set(re.findall(r'href="#([^"]+)"', page)),
        re.findall(r'\sid="([^"]+)"', page),
    )


async def test_every_finding_leads_to_its_place_and_back(
    browser: Any, run_id: str, review: Any
) -> None:
    """Each clause has a number in the text that leads to the finding, and the finding to it."""
    page = (await browser("rhea").get(f"/runs/{run_id}/review")).text
    wanted, there = links(page)
    assert len(there) == len(set(there))
    assert wanted <= set(there)
    clauses = len(review.findings) + len(review.possible)
    assert {f"t{number}" for number in range(1, clauses + 1)} <= set(there)


async def test_a_filter_shows_its_clauses_and_marks_no_other(
    browser: Any, run_id: str, review: Any
) -> None:
    """A kind, or what adds to the risk, is shown alone, in the findings and in the text."""
    ana = browser("ana")
    kinds = {clause.category for clause in review.findings}
    adding = {part.category for part in review.risk.contributions}
    law = await ana.get(f"/runs/{run_id}/review?category=Governing+Law")
    risky = await ana.get(f"/runs/{run_id}/review?only=risk")
    assert re.findall(r"<h3>([^<]+)", law.text) == ["Governing Law"]
    shown = {name.strip() for name in re.findall(r"<h3>([^<]+)", risky.text)}
    assert shown == (kinds & adding) - {"Parties"}
    assert law.text.count("<mark") >= 1
    for page in (law.text, risky.text):
        wanted, there = links(page)
        marks = {name for name in there if re.fullmatch(r"t\d+", name)}
        assert marks <= {name for name in wanted if name.startswith("t")}


@pytest.mark.parametrize("form", ["json", "html", "xlsx"])
async def test_a_review_is_taken_away_and_that_is_recorded(
    home: Home, browser: Any, run_id: str, review: Any, form: str
) -> None:
    """Each form holds the findings, is a file, and leaves an entry of who took it."""
    before = (await home.ledger.head("default")).size
    answer = await browser("rhea").get(f"/runs/{run_id}/review/{form}")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert (await home.ledger.head("default")).size == before + 1
    if form == "xlsx":
        book = zipfile.ZipFile(io.BytesIO(answer.content))
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert sheet.count("<row ") == 1 + len(review.findings) + len(review.possible)
    elif form == "json":
        assert len(answer.json()["findings"]) == len(review.findings)
    else:
        assert answer.text.count("<blockquote>") > 0


async def test_a_page_is_shown_as_a_picture_with_its_clauses_marked(
    browser: Any, run_id: str, digest: str, review: Any
) -> None:
    """The page has a rectangle for what stands on it, and the picture is a PNG of that page."""
    rhea = browser("rhea")
    clause = next(one for one in review.findings if one.category == "Governing Law")
    address = f"/runs/{run_id}/documents/{digest}/pages/{clause.page}"
    page = (await rhea.get(f"{address}?start={clause.start}&end={clause.end}")).text
    assert "place-mark" in page
    assert "Not marked" not in page
    assert "style=" not in page
    picture = await rhea.get(f"{address}.png?width=300")
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")


async def test_what_a_document_says_stays_text(
    home: Home, browser: Any, tmp_path: Path
) -> None:
    """Markup, template syntax and hidden characters of a name and a text are shown, not obeyed.

    A text has no pages to be drawn: its page says so and shows the text.
    """
    file = tmp_path / "a<b>\u202e.txt"
    clause = "This Agreement shall be governed by the laws of Ireland. "
    body = "SUPPLY AGREEMENT between Acme Ltd and Bolt Ltd. " + clause * 20
    file.write_text(f"{body}\n{HOSTILE}\n{body}", "utf-8")
    run = await home.start(path=file, notify=[], person="ana")
    await home.drive(run)
    (reading,) = await home.library.readings(tenant="default", run_id=run.id)
    rhea = browser("rhea")
    document = reading.document.digest
    review = await rhea.get(f"/runs/{run.id}/review")
    leaf = await rhea.get(f"/runs/{run.id}/documents/{document}/pages/1")
    for page in (review.text, leaf.text):
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "\u202e" not in page
        assert "{{ 7 * 7 }}" in html.unescape(page)
    assert "no fixed pages" in leaf.text
    assert "<svg" not in leaf.text


async def test_a_file_that_changed_is_not_drawn(
    home: Home, browser: Any, tmp_path: Path, contract: Path
) -> None:
    """Only the very bytes that were read are drawn; the text of the page stands without them."""
    file = tmp_path / "a.pdf"
    file.write_bytes(contract.read_bytes())
    run = await home.start(path=file, notify=[], person="ana")
    await home.drive(run)
    (reading,) = await home.library.readings(tenant="default", run_id=run.id)
    file.write_bytes(contract.read_bytes() + b"\n%%EOF")
    address = f"/runs/{run.id}/documents/{reading.document.digest}/pages"
    page = await browser("rhea").get(f"{address}/1")
    assert "was not kept" in page.text
    assert "<mark" in page.text
    assert (await browser("rhea").get(f"{address}/1.png")).status_code == 404
    assert (await browser("rhea").get(f"{address}/900")).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["review", "review/json", "documents/{}/pages/1", "documents/{}/pages/1.png"],
)
async def test_a_document_of_another_tenant_is_not_there(
    browser: Any, run_id: str, digest: str, path: str
) -> None:
    """Whoever is of another tenant gets the answer for what never was."""
    otto = browser("otto")
    address = path.format(digest)
    theirs = await otto.get(f"/runs/{run_id}/{address}")
    nowhere = await otto.get(f"/runs/run-000000000000/{address}")
    assert theirs.status_code == nowhere.status_code == 404
    assert theirs.text.replace(run_id, "run-000000000000") == nowhere.text
