"""Signing in at an issuer from the command line: the answer comes back to this machine alone."""

import asyncio
import io
import re
import sys
import time
import warnings
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.serving.identity.provider import (
    CLIENT,
    URL,
    Provider,
    settings_of,
)

from interlock.errors import NotAuthenticated
from interlock.serving.identity import loopback
from interlock.serving.identity.by_issuer import Entered
from interlock.serving.identity.flow import Answer
from interlock.serving.identity.identity import Identity
from interlock.serving.identity.refusal import TokenRefused

Command = Callable[..., Any]
_PATIENCE_S: Final = 30


class Browser(webbrowser.BaseBrowser):
    """A browser that only notes what it is to open."""

    def __init__(self) -> None:
        super().__init__("noting")
        self.opened: list[str] = []

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: FBT002 - the form of the library
        """Note the address."""
        self.opened.append(url)
        return True


BROWSER: Final = Browser()
webbrowser.register(BROWSER.name, None, BROWSER, preferred=True)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """The URL of a provider that we did not write, at which ana just typed her password."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the program warns about a library of its own
        from oidc_provider_mock import (  # type: ignore[import-untyped]  # noqa: PLC0415 - as above; it has no types
            User,
            run_server_in_thread,
        )

        claims = {"groups": ["lawyers"], "auth_time": int(time.time())}
        with run_server_in_thread(user_claims=[User(sub="ana", claims=claims)]) as run:
            yield f"http://localhost:{run.server_port}"


def test_who_signs_in_at_the_issuer_gives_commands_until_the_sign_out(
    home: Path, command: Command, elsewhere: str
) -> None:
    """A browser is opened where there is a screen, and the address is always said.

    Whoever is in shows credentials again, which ends the session before; whoever signs out is told
    where to go on.
    """
    settings_of(home, url=elsewhere, more='secret_variable = "LOCK_SECRET"')
    place = {
        "INTERLOCK_WORKSPACE": str(home.parent),
        "LOCK_SECRET": "a secret",
        "WAYLAND_DISPLAY": "",
    }
    sign_in = ("sign-in", "--issuer")
    person = Person(look=lambda: BROWSER.opened[0] if BROWSER.opened else "")
    first = command(home, *sign_in, DISPLAY=":0", **place)
    person.join()
    (kept,) = home.glob("sign-in-*")
    before = kept.read_bytes()
    reader = Person(look=said)
    again = command(home, *sign_in, "--json", DISPLAY="", **place)
    reader.join()
    known = command(home, "keys", "list", **place)
    fresh = kept.read_bytes()
    kept.write_bytes(before)
    over = command(home, "keys", "list", **place)
    kept.write_bytes(fresh)
    out = command(home, "sign-out", **place)

    assert (first.code, again.code) == (0, 0), first.err + again.err
    assert "oidc:ana (analyst)" in first.out
    assert again.value == {"id": "oidc:ana", "roles": ["analyst"]}
    assert BROWSER.opened == [person.url]
    assert person.url in first.err
    assert ["prompt" in asked(one.url) for one in (person, reader)] == [False, True]
    assert [one.page.status_code for one in (person, reader)] == [200, 200]
    assert kept.exists() is False
    assert (known.code, known.err) == (0, "")
    assert (over.code, "the session is not valid" in over.err) == (4, True)
    assert f"{elsewhere}/oauth2/end_session?client_id={CLIENT}" in out.out


def test_the_issuer_alone_is_asked(home: Path, command: Command) -> None:
    """Nothing of a sign-in here stands beside --issuer, and without an issuer it is refused."""
    beside = command(home, "sign-in", "ana", "--issuer")
    without = command(home, "sign-in", "--issuer")

    assert (beside.code, "Leave the name" in beside.err) == (2, True)
    assert (without.code, "client_id" in without.err) == (2, True)


async def test_what_answers_another_sign_in_ends_nothing(
    who: Identity, provider: Provider
) -> None:
    """An answer counts at the address that was asked for, once, with the state; whatever else
    knocks there is sent away, and the place is gone with the sign-in.
    """
    assert who.issuer is not None
    issuer = who.issuer
    async with (
        loopback.listening() as other,
        loopback.listening() as place,
        httpx2.AsyncClient(trust_env=False) as client,
    ):
        url, waiting = await issuer.begin("/", back=place.address)
        wanted = asked(url)
        provider.codes["c"] = {
            "aud": CLIENT,
            "nonce": wanted["nonce"],
            "header": {"typ": None},
        }
        task = asyncio.create_task(
            place.entered(lambda answer: issuer.enter(waiting, answer))
        )
        right = {"code": "c", "state": wanted["state"], "iss": URL}
        port = urlsplit(place.address).port
        # The port is free at every other address of this machine.
        (await asyncio.start_server(place.receive, "127.0.0.2", port)).close()
        away = [
            await client.get(place.address, params=right | {"state": "x"}),
            await client.get(place.address, params=[*right.items(), ("code", "d")]),
            await client.get(f"http://127.0.0.1:{port}/", params=right),
            await client.post(place.address, params=right),
            await client.get(place.address, params={"long": "x" * 8_000}),
        ]
        page = await client.get(place.address, params=right)
        entered = await task
    caller = await who.of_session(entered.cookie)
    async with httpx2.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get(place.address, params=right)

    assert other.address != place.address
    assert [answer.status_code for answer in away] == [401, 404, 404, 404, 401]
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    assert caller.principal.id == "oidc:ana"
    assert wanted["redirect_uri"] == provider.forms[-1]["redirect_uri"] == place.address
    assert urlsplit(place.address).hostname == "127.0.0.1"
    assert wanted["code_challenge_method"] == "S256"


@pytest.mark.parametrize(
    ("brought", "why"),
    [
        ({"iss": "https://evil.test"}, "issuer"),
        ({"iss": ""}, "issuer"),
        ({"error": "access_denied"}, "denied"),
    ],
)
async def test_a_refused_answer_ends_the_sign_in(
    who: Identity, brought: dict[str, str], why: str
) -> None:
    """An answer of another issuer, of nobody, and a no begin no session, and nobody waits on."""
    assert who.issuer is not None
    issuer = who.issuer
    async with (
        loopback.listening() as place,
        httpx2.AsyncClient(trust_env=False) as client,
    ):
        url, waiting = await issuer.begin("/", back=place.address)
        task = asyncio.create_task(
            place.entered(lambda answer: issuer.enter(waiting, answer))
        )
        right = {"code": "c", "state": asked(url)["state"], "iss": URL}
        page = await client.get(place.address, params=right | brought)
        with pytest.raises(TokenRefused) as refused:
            await task

    assert (page.status_code, refused.value.why) == (401, why)
    assert not await who.has_accounts()


async def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign-in that nobody finishes in its time is over, and nobody is in."""
    monkeypatch.setattr(loopback, "GOOD_FOR_S", 0)

    async def enter(answer: Answer) -> Entered:
        raise AssertionError(answer)

    async with loopback.listening() as place:
        with pytest.raises(NotAuthenticated):
            await place.entered(enter)


class Person(Thread):
    """Waits for an address to go to, signs in there as ana, and comes back."""

    def __init__(self, *, look: Callable[[], str]) -> None:
        super().__init__(daemon=True)
        self._look = look
        self.url = ""
        self.start()

    def run(self) -> None:
        """Look for the address, and go there."""
        until = time.monotonic() + _PATIENCE_S
        while not self.url and time.monotonic() < until:
            time.sleep(0.05)
            self.url = self._look()
        with httpx2.Client(trust_env=False, follow_redirects=True) as client:
            self.page = client.post(self.url, data={"sub": "ana"})


def said() -> str:
    """Return the address that the command says on standard error, once it has said it."""
    buffer: Any = sys.stderr.buffer
    if not isinstance(buffer, io.BytesIO):
        return ""
    address = re.search(r"Sign in at: (\S+)\n", buffer.getvalue().decode())
    return address[1] if address else ""


def asked(url: str) -> dict[str, str]:
    """Return what the issuer is asked at *url*."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
