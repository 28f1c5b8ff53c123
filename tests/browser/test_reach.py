"""Every page that there is, from the table of routes: for everybody to read, and inert."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import (  # type: ignore[import-untyped]  # it has none
    Axe,
)
from fastapi.routing import APIRoute
from playwright.sync_api import Page, expect

from interlock.serving.queue.pages import ROUTERS

from ..serving.queue.conftest import (  # noqa: TID252 - the one way in which tests ask for a mail
    ask_for_mail,
)
from .conftest import CONTRACT, Site

Person = Callable[..., Page]
#: Routes that answer with a file, a stream, a piece of a page that was opened before, or that lead
#: to an issuer and back
NO_PAGES: Final = {
    "/sign-in/issuer",
    "/sign-in/back",
    "/live",
    "/approvals/{approval_id}/standing",
    "/runs/{run_id}/review/{form}",
    "/runs/{run_id}/documents/{digest}/pages/{number}.png",
    "/jobs/{job_id}/results/{form}",
    "/audit/entries/{seq}/proof",
}
ERRORS: Final = ("/nowhere", "/approvals/none", "/jobs/new/none", "/audit?below=x")
PLANTED: Final = (
    "<script>planted=1</script><img src=x onerror=planted=1><svg onload=planted=1>"
    "<a href='javascript:planted=1'>x</a>{{ 7 * 7 }}\u202eevil\u2066"
)
CLAUSE: Final = "This Agreement shall be governed by the laws of Ireland. "
TEXT: Final = (
    f"SUPPLY AGREEMENT between Acme Ltd and Bolt Ltd. {CLAUSE * 20}\n{PLANTED}\n"
    f"{CLAUSE * 9} {PLANTED}\n"
)
#: What no page may have, whatever was planted
ALIVE: Final = """() => [
  ...document.querySelectorAll(`script:not([src^="/static/"]), img:not([src^="/static/"]),
    iframe, object, embed, [onerror], [onload], [onclick], a[href^="javascript:" i]`)
].map((element) => element.outerHTML.slice(0, 90)).concat(
  window.planted ? ["it ran"] : [],
  /[\\u202e\\u2066]/.test(document.title + document.body.textContent) ? ["it reorders"] : []
)"""
WIDTH: Final = "document.documentElement.scrollWidth"
#: A phone, and a screen of 1280 at 200 %
NARROW: Final = (390, 640)


@dataclass(frozen=True, kw_only=True)
class Walk:
    """What was seen on the way over all pages."""

    #: Templates of the addresses
    pages: set[str]
    unreadable: list[str]
    alive: list[str]
    #: Where the planted text was shown
    shown: set[str]


def templates() -> list[str]:
    """Return the addresses of all pages, as the routes have them."""
    return [
        route.path
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        and "GET" in (route.methods or ())
        and route.path not in NO_PAGES
    ]


@pytest.fixture
def things(site: Site, person: Person) -> list[dict[str, str]]:
    """What the addresses name: of a text in which somebody planted everything, and of a PDF."""
    page = person("ana")
    page.goto("/jobs/new")
    name = f"{PLANTED.replace('/', '')}.txt"
    page.set_input_files(
        "#files",
        [upload(name, TEXT.encode()), upload(CONTRACT.name, CONTRACT.read_bytes())],
    )
    page.fill("#party", PLANTED)
    page.click("button.primary")
    page.wait_for_url("**/jobs/job-*")
    expect(page.get_by_text("2 of 2")).to_be_visible(timeout=30_000)
    listed = site.do(site.home.runs.list(tenant="default"))
    told = [names(site, run.id) for run in listed]
    return sorted(told, key=lambda one: one["kind"], reverse=True)


def upload(name: str, data: bytes) -> Any:
    """Return a file as the browser hands it in."""
    return {"name": name, "mimeType": "text/plain", "buffer": data}


def names(site: Site, run_id: str) -> dict[str, str]:
    """Return what the addresses of the pages of a run name; a planted mail of the run waits."""
    home = site.home
    run = site.do(home.runs.read(run_id))
    mail = {
        "to": ["legal@ex\u0430mple.com"],
        "cc": [],
        "subject": PLANTED,
        "body": PLANTED,
        "attachments": [],
    }
    readings = site.do(home.library.readings(tenant="default", run_id=run_id))
    return {
        "job_id": run.job,
        "run_id": run_id,
        "approval_id": site.do(ask_for_mail(home, run, mail)),
        "digest": readings[0].document.digest,
        "kind": readings[0].document.kind,
        "number": "1",
        "seq": "3",
    }


@pytest.fixture
def walk(site: Site, person: Person, things: list[dict[str, str]]) -> Walk:
    """Go over all pages, as a reviewer and, where one may not look, as an administrator."""
    walk = Walk(pages=set(), unreadable=[], alive=[], shown=set())
    reviewer, administrator = person("rhea"), person("ada")
    for template in templates():
        several = things if "{digest}" in template else things[:1]
        for address in sorted({template.format(**one) for one in several}):
            answer = reviewer.goto(address)
            page = reviewer
            if answer is not None and answer.status == 403:
                page = administrator
                answer = page.goto(address)
            assert answer is not None
            if answer.status != 200:
                walk.unreadable.append(f"{address} is {answer.status}")
            look(walk, page, template)
    for address in ERRORS:
        reviewer.goto(address)
        look(walk, reviewer, address)
    reviewer.context.clear_cookies()
    reviewer.goto("/sign-in?code=none")
    look(walk, reviewer, "signed out")
    return walk


def look(walk: Walk, page: Page, template: str) -> None:
    """Note what is wrong with a page, in light and in dark, and how narrow it may be."""
    walk.pages.add(template)
    walk.unreadable.extend(serious(page))
    page.emulate_media(color_scheme="dark")
    walk.unreadable.extend(serious(page, {"runOnly": ["color-contrast"]}))
    page.emulate_media(color_scheme="light")
    for width in NARROW:
        page.set_viewport_size({"width": width, "height": 800})
        if page.evaluate(WIDTH) > width:
            walk.unreadable.append(f"{page.url} is wider than {width}")
    page.set_viewport_size({"width": 1280, "height": 800})
    walk.alive.extend(f"{page.url} {what}" for what in page.evaluate(ALIVE))
    if "{{ 7 * 7 }}" in page.inner_text("main"):
        walk.shown.add(template)


def serious(page: Page, options: Any = None) -> list[str]:
    """Return what axe finds wrong on the page, as far as it is serious."""
    return [
        f"{page.url} {violation['id']} {violation['nodes'][0]['target']}"
        for violation in Axe().run(page, options=options).response["violations"]
        if violation["impact"] in {"serious", "critical"}
    ]


def test_every_page_is_for_everybody_and_inert(walk: Walk) -> None:
    """On every page axe finds nothing serious, in light and in dark, nothing is wider than a phone
    or a screen at 200 %, and what was planted in names, texts and mails is shown and does nothing.
    """
    assert walk.unreadable == []
    assert walk.alive == []
    assert walk.shown >= {
        "/approvals",
        "/approvals/{approval_id}",
        "/runs",
        "/runs/{run_id}",
        "/runs/{run_id}/review",
        "/jobs/{job_id}",
        "/jobs/{job_id}/portfolio",
    }
