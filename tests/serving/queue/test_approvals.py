"""The approval pages: what is shown is exact and inert, and a verdict binds to it."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.canonical import digest
from interlock.runtime.policy.request import Principal
from interlock.serving.home import Home
from interlock.serving.operations import looks
from interlock.serving.queue.provenance import sources

ANA = Principal(id="ana", tenant="default", roles=("analyst",))
LIST = "/approvals"
KNOWN = "a long password"


class Outline(HTMLParser):
    """The elements of a page, and the text between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def fields(self, action: str) -> dict[str, str]:
        """Return the hidden fields of the form that is sent to *action*."""
        fields: dict[str, str] = {}
        inside = False
        for tag, attributes in self.elements:
            if tag == "form":
                inside = attributes.get("action") == action
            elif inside and tag == "input" and attributes.get("type") == "hidden":
                fields[attributes["name"]] = attributes["value"]
        return fields


async def form_of(client: Any, approval: str) -> dict[str, str]:
    """Return what the form of the page carries."""
    page = await client.get(f"{LIST}/{approval}")
    return Outline(page.text).fields(f"{LIST}/{approval}/verdict")


async def send(client: Any, approval: str, form: dict[str, str], **more: str) -> Any:
    """Send the verdict form."""
    return await client.post(
        f"{LIST}/{approval}/verdict",
        data=form | {"verdict": "approved", "note": "read and agreed"} | more,
    )


async def test_a_verdict_binds_to_what_the_page_showed(
    home: Home, browser: Any, waiting: str
) -> None:
    """A reviewer approves with a reason what the page showed, and it waits no more."""
    rhea = browser("rhea")
    form = await form_of(rhea, waiting)

    answer = await send(rhea, waiting, form)

    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/approvals?done=approved",
    )
    approval = await home.approvals.read(waiting)
    assert (approval.state, approval.reviewer) == ("approved", "rhea")
    assert waiting not in (await rhea.get(LIST)).text


async def test_the_second_of_two_reviewers_is_told_that_the_first_decided(
    browser: Any, waiting: str
) -> None:
    """Of two verdicts on one approval one is recorded, and the other is a conflict that says so."""
    rhea, rolf = browser("rhea"), browser("rolf")
    forms = [await form_of(client, waiting) for client in (rhea, rolf)]

    first = await send(rhea, waiting, forms[0])
    second = await send(rolf, waiting, forms[1], verdict="rejected")

    assert (first.status_code, second.status_code) == (303, 409)
    assert "decided_already" in second.text


async def test_what_has_changed_is_shown_and_nothing_is_decided(
    home: Home, browser: Any, waiting: str
) -> None:
    """A verdict on other evidence than is there now is refused, with each field before and now."""
    rhea = browser("rhea")
    form = await form_of(rhea, waiting)
    evidence = json.loads(form["carried"])
    evidence["arguments"]["to"] = ["mallory@example.com"]
    old = {"carried": json.dumps(evidence), "evidence_digest": digest(evidence)}

    answer = await send(rhea, waiting, form | old)

    assert answer.status_code == 409
    assert "evidence_changed" in answer.text
    assert re.findall(r"<h3><code>([\w.]+)</code></h3>", answer.text) == [
        "arguments.to"
    ]
    assert "mallory@example.com" in answer.text
    assert (await home.approvals.read(waiting)).state == "waiting"


@pytest.mark.parametrize("more", [{"verdict": ""}, {"verdict": "yes"}, {"note": " "}])
async def test_there_is_no_default_yes(
    home: Home, browser: Any, waiting: str, more: dict[str, str]
) -> None:
    """Without a verdict that was chosen, or without a reason, nothing is decided."""
    rhea = browser("rhea")

    answer = await send(rhea, waiting, await form_of(rhea, waiting), **more)

    assert answer.status_code in {400, 403}
    assert (await home.approvals.read(waiting)).state == "waiting"


async def test_enter_presses_a_button_that_does_nothing(
    browser: Any, waiting: str
) -> None:
    """The first button of the verdict's form, which Enter presses, is disabled, and no choice is
    made beforehand.
    """
    page = (await browser("rhea").get(f"{LIST}/{waiting}")).text
    form = Outline(page.partition('id="verdict"')[2])
    buttons = [attributes for tag, attributes in form.elements if tag == "button"]

    assert "disabled" in buttons[0]
    assert not [a for _, a in form.elements if "checked" in a or "selected" in a]


async def test_whoever_signed_in_long_ago_shows_the_password_again(
    home: Home, browser: Any, door: Any, waiting: str
) -> None:
    """What cannot be undone is decided only by somebody who showed the password a short while
    ago, and the session goes on under a new cookie.

    Who signed in at an issuer is sent there again.
    """
    door.authenticated["rhea"] = 1
    rhea = browser("rhea")
    form = await form_of(rhea, waiting)
    door.proof = "oidc"
    there = (await rhea.get(f"/approvals/{waiting}")).text
    assert f"/sign-in/issuer?again=1&amp;to=/approvals/{waiting}" in there
    assert 'value="approved"' not in there

    without = await send(rhea, waiting, form)
    state = (await home.approvals.read(waiting)).state
    with_it = await send(rhea, waiting, form, password=KNOWN)

    assert (without.status_code, state) == (403, "waiting")
    assert with_it.status_code == 303
    assert "__Host-interlock=rhea-2" in with_it.headers["set-cookie"]


@pytest.mark.parametrize(
    ("name", "says"),
    [("ana", "You asked for this"), ("root", "This needs <b>a reviewer")],
)
async def test_who_may_not_decide_has_no_form(
    home: Home, browser: Any, waiting: str, name: str, says: str
) -> None:
    """Whoever asked for it, and whoever lacks the role, is told so and cannot decide."""
    client = browser(name)
    page = await client.get(f"{LIST}/{waiting}")
    shown = (await home.approvals.read(waiting)).evidence_digest
    token = Outline(page.text).fields("/sign-out")

    answer = await send(client, waiting, token | {"evidence_digest": shown})

    assert says in page.text
    assert 'id="verdict"' not in page.text
    assert answer.status_code in {400, 403}
    assert (await home.approvals.read(waiting)).state == "waiting"


async def test_another_tenant_sees_nothing(browser: Any, waiting: str) -> None:
    """A reviewer of another tenant has an empty list, and the approval is not there: the answer
    is that for an id nobody has.
    """
    otto = browser("otto")

    assert waiting not in (await otto.get(LIST)).text
    there, nowhere = [
        await otto.get(f"{LIST}/{name}") for name in (waiting, "apr-000000000000")
    ]
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert there.text.replace(waiting, "") == nowhere.text.replace(
        "apr-000000000000", ""
    )


async def test_hostile_text_is_shown_and_does_nothing(
    home: Home, browser: Any, hostile: str
) -> None:
    """Markup in an argument is text, and what hides or reorders is shown by its code."""
    page = (await browser("rhea").get(f"{LIST}/{hostile}")).text
    outline = Outline(page)

    assert "<script>alert(1)</script>" in outline.text
    assert len([tag for tag, _ in outline.elements if tag == "script"]) == 3
    assert "⟨U+202E⟩" in outline.text
    assert "\u202e" not in page
    assert "xn--" in outline.text
    assert '<b class="hidden-mark" title="hidden or reordering characters">' in page
    assert "not plain ASCII" in (await browser("rhea").get(LIST)).text


async def test_the_list_is_filtered(browser: Any, waiting: str) -> None:
    """Each filter leaves what fits, and nothing else."""
    rhea = browser("rhea")
    fits = "?whose=for_me&tool=mail.send&risk=high&role=reviewer"

    assert waiting in (await rhea.get(LIST + fits)).text
    for query in ("?tool=report.write", "?risk=low", "?role=legal", "?hours=8"):
        assert waiting not in (await rhea.get(LIST + query)).text


async def test_an_argument_says_where_its_words_stand(
    home: Home, browser: Any, waiting: str, contract: Path
) -> None:
    """What was asked for and what stands in the document word for word says so, with a link to
    the page; what the agent wrote has no source.
    """
    run = (await home.approvals.read(waiting)).run_id
    view = await looks.run(home, run, person=ANA)
    reading = await home.library.reading(view["document"]["digest"], run_id=run)
    line = max(reading.document.text.splitlines(), key=len)
    values = {"to": ["legal@example.com"], "body": f"Note:\n{line}", "subject": "Hi"}

    found = await sources(home, view, values)
    page = await browser("rhea").get(found["body"][0].link)

    assert [source.place for source in found["to"]] == ["what was asked for"]
    assert [source.words for source in found["body"]] == [line.strip()]
    assert found["subject"] == []
    assert page.status_code == 200
