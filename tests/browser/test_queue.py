"""The reviewer queue as people use it, in Chromium."""

from collections.abc import Callable
from typing import Any, Final

from axe_playwright_python.sync_playwright import (  # type: ignore[import-untyped]  # it has none
    Axe,
)
from playwright.sync_api import Page, expect

Person = Callable[..., Page]
APPROVAL: Final = "**/approvals/apr-*"


def opened(page: Page, run: str) -> None:
    """Go to the run, wait until it asks, and open what it asks for."""
    page.goto(f"/runs/{run}")
    page.get_by_text("look at apr-").click()
    page.wait_for_url(APPROVAL)


def test_a_mail_goes_out_by_the_keyboard_alone(site: Any, person: Person) -> None:
    """A reviewer watches a run until it asks, opens the question, gives a reason and approves
    without a mouse; no single key decides, Enter in the reason does not, and the mail goes out.
    """
    page = person("rhea")
    run = site.review()
    page.goto(f"/runs/{run}")
    expect(page.get_by_text("look at apr-")).to_be_visible()
    page.goto("/approvals?whose=for_me")
    page.keyboard.press("j")
    page.keyboard.press("o")
    page.wait_for_url(APPROVAL)
    for key in ("a", "r"):
        page.keyboard.press(key)
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.keyboard.type("Read it")
    page.keyboard.press("Enter")
    page.keyboard.type("and the mail is right.")
    assert site.outbox() == []
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/approvals?done=approved")
    page.goto(f"/runs/{run}")
    expect(page.locator("h1 + p .state")).to_have_text("done")

    assert len(site.outbox()) == 1
    assert b"To: legal@example.com" in site.outbox()[0].read_bytes()


def test_of_two_who_race_one_decides(site: Any, person: Person) -> None:
    """The second of two reviewers sees a conflict that says so; a page that was open says that it
    does not wait any more, and the list of a third loses the row without being loaded again.
    """
    run = site.review()
    first, second, third = person("rhea"), person("rolf"), person("rolf")
    opened(first, run)
    second.goto(first.url)
    third.goto("/approvals")
    expect(third.locator("[data-item]")).to_have_count(1)
    first.fill("#note", "This goes to the wrong people.")
    second.fill("#note", "This is right.")
    first.click("[data-reject]")
    first.wait_for_url("**/approvals?done=rejected")
    expect(second.get_by_text("does not wait any more")).to_be_visible()
    expect(third.locator("[data-item]")).to_have_count(0)
    with second.expect_response("**/verdict") as answer:
        second.click("[data-approve]")

    assert answer.value.status == 409
    expect(second.get_by_text("decided_already")).to_be_visible()


def test_htmx_sends_the_token_of_the_session(site: Any, person: Person) -> None:
    """Every request that htmx makes carries the token that the pages ask of a change."""
    page = person("rhea")
    page.goto("/approvals")
    with page.expect_request(lambda request: "whose=for_me" in request.url) as sent:
        page.select_option("[name=whose]", "for_me")
    headers = sent.value.all_headers()
    wanted = page.locator("form[action='/sign-out'] [name=csrf]").get_attribute("value")

    assert headers["hx-request"] == "true"
    assert headers["x-csrf-token"] == wanted


def test_every_page_can_be_read_by_everybody(site: Any, person: Person) -> None:
    """Axe finds nothing serious on any page, in light and in dark, and no page is wider than a
    phone.
    """
    run = site.review()
    found: list[str] = []
    page = person("rhea", color_scheme="dark")
    opened(page, run)
    asked = page.url
    for path in (asked, "/", "/policy"):
        page.goto(path)
        found += serious(page)
    page = person("rhea")
    for path in (asked, "/", "/approvals", "/runs", f"/runs/{run}", "/policy", "/keys"):
        page.goto(path)
        found += serious(page)
    admin = person("ada")
    for path in ("/budgets", "/audit", "/nowhere"):
        admin.goto(path)
        found += serious(admin)
    page.set_viewport_size({"width": 360, "height": 740})
    for path in ("/", "/approvals", asked, f"/runs/{run}", "/policy"):
        page.goto(path)
        if page.evaluate("document.documentElement.scrollWidth") > 360:
            found.append(f"{path} is wider than a phone")

    assert found == []


def serious(page: Page) -> list[str]:
    """Return what axe finds wrong on the page, as far as it is serious."""
    return [
        f"{page.url} {violation['id']} {violation['nodes'][0]['target']}"
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in {"serious", "critical"}
    ]


def test_a_page_reads_and_decides_without_scripts(site: Any, person: Person) -> None:
    """Without JavaScript everything is there to read, and the plain form decides."""
    run = site.review()
    watching = person("rolf")
    opened(watching, run)
    page = person("rhea", java_script_enabled=False)
    page.goto(watching.url)
    expect(page.get_by_text("The mail as it will look")).to_be_visible()
    page.fill("#note", "No mail about this one.")
    page.click("[data-reject]")
    page.wait_for_url("**/approvals?done=rejected")

    expect(page.get_by_text("Recorded: rejected.")).to_be_visible()
