"""The pages in a real browser: one server of one home, and one Chromium, for all tests."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from interlock.runtime.policy.request import Principal
from interlock.serving.home import Home, opened
from interlock.serving.http.application import application
from interlock.serving.http.server import Place, Server
from interlock.serving.identity.caller import Authenticator
from interlock.serving.identity.identity import Identity
from interlock.serving.operations import runs
from interlock.serving.operations.workers import hired
from interlock.serving.queue.pages import mount
from interlock.serving.settings import Settings
from interlock.serving.workspace import open_workspace

T = TypeVar("T")
ROOT: Final = Path(__file__).resolve().parents[2]
CONTRACT: Final = ROOT / "evals/data/contracts/opera-service-agreement.pdf"
PEOPLE: Final = (
    "people:\n- {id: ana, roles: [analyst]}\n- {id: rhea, roles: [reviewer]}\n"
    "- {id: rolf, roles: [reviewer]}\n- {id: ada, roles: [administrator]}\n"
)
KNOWN: Final = "correct horse battery"
#: A review takes its time on a machine that does other things as well
_PATIENCE_MS: Final = 40_000
expect.set_options(timeout=_PATIENCE_MS)
_ARGUMENTS: Final = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True, kw_only=True)
class Site:
    """A server that runs, and its home, which lives in the loop of another thread."""

    url: str
    home: Home
    loop: asyncio.AbstractEventLoop

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what *work* returns in the loop of the home."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def review(self) -> str:
        """Ask for a review on behalf of ana, for the worker to do; return the run's id."""
        request = {"path": str(CONTRACT), "notify": ["legal@example.com"]}
        ana = Principal(id="ana", tenant="default", roles=("analyst",))
        run = self.do(
            runs.start(
                self.home,
                person=ana,
                agent="contract_review",
                request=request,
                claim=False,
            )
        )
        return run.id

    def outbox(self) -> list[Path]:
        """Return the mails that went out."""
        return sorted((self.home.settings.home / "outbox").glob("*.eml"))


@contextmanager
def served(
    settings: Settings,
    *,
    people: tuple[str, ...] = (),
    port: int = 0,
) -> Iterator[Site]:
    """Run a server with a worker in a thread of its own; *people* have the password `KNOWN`."""
    ready: list[Site] = []
    told = threading.Event()
    ended: list[Callable[[], None]] = []
    failed: list[BaseException] = []

    async def serve() -> None:
        async with opened(settings) as home:
            identity = Identity.over(home)
            for name in people:
                cookie, _ = await identity.sign_in_by_link(await identity.link(name))
                await identity.set_password(cookie, KNOWN)
            app = application(home, authenticator=cast(Authenticator, identity))
            mount(app, home, identity)
            boss = Principal(id="ada", tenant="default", roles=("administrator",))
            worker = await hired(home, person=boss, told=lambda _: None)
            server = Server(app, Place(port=port), worker=worker)
            ended.append(server.drain)
            loop = asyncio.get_running_loop()

            def tell(place: Place) -> None:
                ready.append(Site(url=place.url, home=home, loop=loop))
                told.set()

            await server.serve(told=tell)

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 - told to the test, which fails
            failed.append(error)
            told.set()

    thread = threading.Thread(target=run)
    thread.start()
    told.wait(60)
    assert not failed
    yield ready[0]
    ready[0].loop.call_soon_threadsafe(ended[0])
    thread.join(60)
    assert not failed


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with a worker, on a home in which four people have passwords."""
    folder = tmp_path_factory.mktemp("site") / "home"
    folder.mkdir()
    (folder / "people.yaml").write_text(PEOPLE, "utf-8")
    settings = open_workspace({}, chosen={"home": str(folder)}).settings
    with served(settings, people=("ana", "rhea", "rolf", "ada")) as site:
        yield site


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=_ARGUMENTS
        )
        yield browser
        browser.close()


@pytest.fixture
def person(site: Site, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Sign a person in, in a window of their own, which must have no error of its own, hold to its
    policy of content and fetch nothing from elsewhere.
    """
    wrong: list[str] = []
    contexts = []

    def new(name: str, **options: Any) -> Page:
        # A colour that fades to another theme would be read half way by axe
        context = chromium.new_context(
            base_url=site.url, reduced_motion="reduce", **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(_PATIENCE_MS)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.extend(_broken(said.text)))
        page.on("request", lambda sent: wrong.extend(_elsewhere(sent.url, site.url)))
        page.goto("/sign-in")
        page.fill("#name", name)
        page.fill("#password", KNOWN)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{site.url}/")
        return page

    yield new
    for context in contexts:
        context.close()
    assert wrong == []


def _broken(said: str) -> list[str]:
    """Return what the console says if the policy of content was broken."""
    return [said] if "Content Security Policy" in said else []


def _elsewhere(address: str, ours: str) -> list[str]:
    return [] if address.startswith((f"{ours}/", "data:")) else [address]
