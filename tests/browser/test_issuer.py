"""Signing in and out at an OpenID provider that we did not write, in Chromium."""

import socket
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from ..serving.identity.provider import (  # noqa: TID252 - the settings as the guide writes them
    settings_of,
)
from .conftest import PEOPLE, Site, served

#: People of the provider, and the groups that it says they are of
_GROUPS = {"liv": ["lawyers"], "guest": []}


@pytest.fixture
def provider() -> Iterator[str]:
    """Where a provider of another author listens, with a lawyer and a guest."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the program warns about a library of its own
        from oidc_provider_mock import (  # type: ignore[import-untyped]  # noqa: PLC0415 - as above; it has no types
            User,
            run_server_in_thread,
        )

        users = [User(sub=sub, claims={"groups": of}) for sub, of in _GROUPS.items()]
        with run_server_in_thread(user_claims=users) as server:
            yield f"http://localhost:{server.server_port}"


@pytest.fixture
def office(
    home: Path, provider: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    """A server whose pages let in whom the provider vouches for."""
    monkeypatch.setenv("LOCK_SECRET", "a secret: 100 %")
    port = _free_port()
    settings = settings_of(
        home,
        url=provider,
        site=f"http://127.0.0.1:{port}",
        more='secret_variable = "LOCK_SECRET"',
    )
    home.mkdir(exist_ok=True)
    (home / "people.yaml").write_text(PEOPLE, "utf-8")
    with served(settings, port=port) as site:
        yield site


@pytest.fixture
def page(office: Site, chromium: Browser) -> Iterator[Page]:
    """A window of somebody who is not signed in yet."""
    context = chromium.new_context(base_url=office.url, reduced_motion="reduce")
    yield context.new_page()
    context.close()


def _free_port() -> int:
    """Return a port that nobody listens at now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _sign_in(page: Page, office: Site, *, sub: str) -> None:
    """Go to a page, from there to the provider, and let the provider vouch for *sub*."""
    page.goto("/runs")
    page.get_by_role("link", name="Sign in at").click()
    page.fill("[name=sub]", sub)
    page.locator("button[type=submit], input[type=submit], button").first.click()
    page.wait_for_url(f"{office.url}/**")


def test_the_provider_lets_somebody_in_and_the_sign_out_holds(
    office: Site, page: Page
) -> None:
    """Who comes from the provider lands on the page that was asked for, with the mapped role and no
    password to set; the sign-out leads on to the provider, and the cookie that was good before
    opens nothing.
    """
    _sign_in(page, office, sub="liv")
    expect(page).to_have_url(f"{office.url}/runs")
    expect(page.get_by_text("oidc:liv")).to_be_visible()
    expect(page.locator("a[href='/password']")).to_have_count(0)

    cookies: Any = page.context.cookies()
    page.locator("form[action='/sign-out'] button").click()
    page.wait_for_url("**/end_session?*")
    page.context.add_cookies(cookies)
    page.goto("/runs")

    expect(page.get_by_role("link", name="Sign in at")).to_be_visible()


def test_who_has_no_mapped_group_may_do_nothing(office: Site, page: Page) -> None:
    """The provider vouches for a guest, and no group of the guest is a role of this home."""
    _sign_in(page, office, sub="guest")
    answer = page.request.get("/runs")

    assert answer.status == 403
