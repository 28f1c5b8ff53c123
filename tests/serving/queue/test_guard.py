"""The guard of the pages: what other sites, old sessions and planted text cannot do."""

import hashlib
from typing import Any, Final

import pytest
from fastapi.routing import APIRoute

from interlock.serving.queue.frame import STATIC
from interlock.serving.queue.guard import CONTENT_SECURITY
from interlock.serving.queue.pages import ROUTERS

#: Of the package htmx.org 4.0.1
VENDORED: Final = {
    "htmx.min.js": "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
    "hx-sse.min.js": "18ef2761356ec1fe0bb6d92612315b37517a7c1e9856b661c5ae81fef239d103",
    "htmx.LICENSE": "d3d2456f76414f2456104660ebd65aff1c04cd7966b942bdabd63f3cdb316a38",
}


def test_what_is_vendored_is_what_was_released() -> None:
    """Each file of htmx has the hash of the released package."""
    hashes = {
        name: hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
        for name in VENDORED
    }

    assert hashes == VENDORED


def test_no_template_has_script_or_style_of_its_own() -> None:
    """No template holds an inline script, style or handler, or anything from another host."""
    wrong = (
        "<style",
        "style=",
        "onclick",
        "hx-on",
        "javascript:",
        "http://",
        "https://",
    )
    for file in (STATIC.parent / "templates").iterdir():
        text = file.read_text("utf-8").lower()
        assert not [piece for piece in wrong if piece in text], file.name
        assert text.count("<script") == text.count('<script src="/static/'), file.name


async def test_every_change_needs_the_token_of_the_session(
    home: Any, browser: Any, waiting: str
) -> None:
    """No route that changes anything takes a form without the token, with another's, or from
    another site, and htmx must send the token as a header.
    """
    paths = [
        route.path.replace("{approval_id}", waiting)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and "POST" in (route.methods or ())
    ]
    good = {"csrf": "token-of-rhea-1"}
    rhea, foreign = browser("rhea"), browser("rhea", site="cross-site")

    assert f"/approvals/{waiting}/verdict" in paths
    for path in paths:
        answers = [await foreign.post(path, data=good)]
        if path != "/sign-in":
            answers += [
                await rhea.post(path),
                await rhea.post(path, data={"csrf": "token-of-rolf-1"}),
                await rhea.post(path, data=good, headers={"HX-Request": "true"}),
            ]
        assert {answer.status_code for answer in answers} == {403}, path
    assert (await home.approvals.read(waiting)).state == "waiting"


async def test_a_form_comes_from_this_very_server(browser: Any) -> None:
    """A neighbouring site, an address that was typed and an origin that is another's send none."""
    form = {"name": "rhea", "password": "a long password"}
    nobody = browser()
    del nobody.headers["Sec-Fetch-Site"]
    answers = [
        await nobody.post("/sign-in", data=form, headers=said)
        for said in (
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "none"},
            {"Sec-Fetch-Site": "cross-site", "Origin": "https://queue.test"},
            {"Origin": "https://evil.test"},
            {"Origin": "http://queue.test"},
            {"Origin": "null"},
            {},
            {"Origin": "https://queue.test"},
        )
    ]

    assert [answer.status_code for answer in answers] == [403] * 7 + [303]


@pytest.mark.parametrize("path", ["/sign-in", "/approvals", "/approvals/none", "/none"])
async def test_every_answer_is_guarded(browser: Any, path: str) -> None:
    """Every page forbids framing, foreign content and caching, errors included."""
    headers = (await browser("rhea").get(path)).headers

    assert headers["content-security-policy"] == CONTENT_SECURITY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


async def test_who_guessed_too_often_is_told_to_wait(browser: Any) -> None:
    """After too many guesses the page says how long to wait, and so does the header."""
    form = {"name": "rhea", "password": "once more"}
    answer = await browser().post("/sign-in", data=form)

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "8")
    assert "Wait 8 seconds" in answer.text


async def test_a_session_begins_and_ends(browser: Any) -> None:
    """The right password opens the page that was asked for, the cookie is out of reach of scripts
    and other sites, and signing out ends the session.
    """
    nobody = browser()
    asked = await nobody.get("/approvals")
    wrong = await nobody.post("/sign-in", data={"name": "rhea", "password": "wrong"})
    right = await nobody.post(
        "/sign-in",
        data={"name": "rhea", "password": "a long password", "to": "/approvals"},
    )
    inside = await nobody.get("/approvals")
    out = await nobody.post("/sign-out", data={"csrf": "token-of-rhea-1"})
    after = await nobody.get(
        "/approvals", headers={"Cookie": "__Host-interlock=rhea-1"}
    )

    assert (asked.status_code, asked.headers["location"]) == (
        303,
        "/sign-in?to=/approvals",
    )
    assert wrong.status_code == 401
    assert right.headers["location"] == "/approvals"
    cookie = right.headers["set-cookie"]
    for part in (
        "__Host-interlock=",
        "HttpOnly",
        "Secure",
        "SameSite=strict",
        "Path=/",
    ):
        assert part in cookie
    assert (inside.status_code, out.status_code, after.status_code) == (200, 303, 303)


@pytest.mark.parametrize(
    "to", ["//evil.test", "https://evil.test", "/\\evil.test", "x"]
)
async def test_the_sign_in_leads_nowhere_else(browser: Any, to: str) -> None:
    """Whatever address the sign-in is given, it leads to a page of this server."""
    form = {"name": "rhea", "password": "a long password", "to": to}
    answer = await browser().post("/sign-in", data=form)

    assert answer.headers["location"] == "/"


async def test_a_person_sets_a_password(browser: Any) -> None:
    """Whoever shows the password they have sets another one, and goes on under a new cookie."""
    rhea = browser("rhea")
    form = {"csrf": "token-of-rhea-1", "new": "another long one"}

    wrong = await rhea.post("/password", data=form | {"current": "wrong"})
    right = await rhea.post("/password", data=form | {"current": "a long password"})

    assert (await browser("rolf").get("/password")).status_code == 200
    assert (wrong.status_code, right.status_code) == (400, 303)
    assert "__Host-interlock=rhea-3" in right.headers["set-cookie"]
