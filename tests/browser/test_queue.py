"""The reviewer queue as people use it, in Chromium."""

from collections.abc import Callable
from typing import Any, Final

from playwright.sync_api import Page, expect

from .conftest import CONTRACT

Person = Callable[..., Page]
APPROVAL: Final = "**/approvals/apr-*"


def opened(page: Page, run: str) -> None:
    """Go to the run, wait until it asks, and open what it asks for."""
    page.goto(f"/runs/{run}")
    page.locator(".alert a[href^='/approvals/']").click()
    page.wait_for_url(APPROVAL)


def test_a_mail_goes_out_by_the_keyboard_alone(site: Any, person: Person) -> None:
    """An analyst hands a contract in and watches it until it asks; a reviewer opens the question,
    gives a reason and approves without a mouse; no single key decides, Enter in the reason does
    not, the mail goes out, and the analyst's page says so without being loaded again.
    """
    watching = person("ana")
    watching.goto("/jobs/new")
    watching.set_input_files("#files", CONTRACT)
    watching.fill("#notify", "legal@example.com")
    watching.keyboard.press("Enter")
    watching.wait_for_url("**/jobs/job-*")
    expect(watching.locator("td .state")).to_have_text("waiting")
    page = person("rhea")
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
    expect(watching.locator("td .state")).to_have_text("done")

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
