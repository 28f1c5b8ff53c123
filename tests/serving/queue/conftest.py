"""The pages in this process, over a real home, with people who are let in by a twin."""

import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from interlock.runtime.errors import NotAuthenticated, TooManyGuesses
from interlock.runtime.policy.decision import Reason
from interlock.runtime.policy.label import UNVOUCHED
from interlock.runtime.policy.request import (
    AccessRequest,
    Action,
    Amounts,
    BudgetFacts,
    Context,
    Principal,
    Resource,
    RunFacts,
)
from interlock.runtime.record.store import Tx
from interlock.runtime.run.approval import Asked, ask
from interlock.runtime.run.quorum import one_of
from interlock.runtime.run.run import Run
from interlock.serving.home import Home, opened
from interlock.serving.identity.caller import Caller, Proof
from interlock.serving.queue.cookie import NAME
from interlock.serving.queue.pages import application
from interlock.serving.workspace import open_workspace

ROLES: Final = {
    "ana": ("analyst",),
    "rhea": ("reviewer",),
    "rolf": ("reviewer",),
    "root": ("analyst", "administrator"),
    "otto": ("reviewer",),
}
KNOWN: Final = "a long password"
#: What somebody types who has guessed too often
GUESSED: Final = "once more"


@dataclass(kw_only=True)
class Door:
    """Lets in whoever knows the one password, and remembers when each did."""

    home: Home
    authenticated: dict[str, int] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    issuer: None = None
    proof: Proof = "password"

    async def of_session(self, cookie: str) -> Caller:
        name = cookie.partition("-")[0]
        if name not in ROLES or cookie in self.ended:
            raise NotAuthenticated(what="the session")
        return Caller(
            principal=Principal(
                id=name,
                tenant="other" if name == "otto" else "default",
                roles=ROLES[name],
            ),
            method="session",
            session=f"ses-{name}",
            authenticated=self.authenticated.get(name, 2**40),
            proof=self.proof,
        )

    async def of_key(self, key: str) -> Caller:
        raise NotAuthenticated(what="the key")

    async def of_token(self, token: str) -> Caller:
        raise NotAuthenticated(what="the token")

    async def sign_in(self, name: str, password: str) -> tuple[str, Caller]:
        if password == GUESSED:
            raise TooManyGuesses(wait_s=8)
        if password != KNOWN:
            raise NotAuthenticated(what="the name or the password")
        return f"{name}-1", await self.of_session(f"{name}-1")

    async def sign_in_by_link(self, code: str) -> tuple[str, Caller]:
        return await self.sign_in(code, KNOWN)

    async def sign_out(self, cookie: str) -> str:
        self.ended.add(cookie)
        return ""

    async def reauthenticate(self, cookie: str, password: str) -> tuple[str, Caller]:
        name = cookie.partition("-")[0]
        if password != KNOWN:
            raise NotAuthenticated(what="the password")
        self.authenticated[name] = 2**40
        return f"{name}-2", await self.of_session(cookie)

    async def set_password(
        self, cookie: str, new: str, *, current: str = ""
    ) -> tuple[str, Caller]:
        if current != KNOWN:
            raise NotAuthenticated(what="the password")
        self.ended.add(cookie)
        fresh = f"{cookie.partition('-')[0]}-3"
        return fresh, await self.of_session(fresh)

    def csrf_token(self, cookie: str) -> str:
        return f"token-of-{cookie}"


@pytest.fixture
async def home(used: Path) -> AsyncIterator[Home]:
    """A home in which the mail of one review waits for a reviewer."""
    settings = open_workspace({}, chosen={"home": str(used)}).settings
    async with opened(settings) as home:
        yield home


@pytest.fixture
async def waiting(home: Home) -> str:
    """The approval that waits."""
    return (await home.approvals.list(state="waiting"))[0].id


@pytest.fixture
def door(home: Home) -> Door:
    """Who lets people in."""
    return Door(home=home)


Browser = Callable[..., httpx2.AsyncClient]


@pytest.fixture
async def browser(home: Home, door: Door) -> AsyncIterator[Browser]:
    """Open a browser for a person who is signed in, or for nobody; it asks the pages at once."""
    app = application(home, door)
    clients: list[httpx2.AsyncClient] = []

    def new(name: str = "", *, site: str = "same-origin") -> httpx2.AsyncClient:
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app),
            base_url="https://queue.test",
            headers={"Sec-Fetch-Site": site},
            cookies={NAME: f"{name}-1"} if name else {},
        )
        clients.append(client)
        return client

    yield new
    for client in clients:
        await client.aclose()


@pytest.fixture
async def hostile(home: Home) -> str:
    """An approval of a mail whose texts and addresses try everything."""
    run = await home.start(
        path=home.settings.home / "nothing.txt", notify=[], person="ana"
    )
    mail = {
        "to": ["legal@ex\u0430mple.com"],
        "cc": ["a@example.com\u202egro.elpmaxe@b"],
        "subject": "<script>alert(1)</script>",
        "body": "Hello\u200b \u202eworld <img src=x onerror=alert(1)> {{ 7 * 7 }}",
        "attachments": [],
    }
    return await ask_for_mail(home, run, mail)


async def ask_for_mail(home: Home, run: Run, mail: dict[str, Any]) -> str:
    """Put the mail before the reviewers, as the door does."""
    asked = asked_for(run, mail)

    def work(tx: Tx) -> str:
        return ask(tx, run=run, vault=home.vault, asked=asked, now=tx.now)

    return await home.store.write(work, logs={run.tenant})


def asked_for(run: Run, mail: dict[str, Any]) -> Asked:
    """Return what the door puts before the reviewers for the mail."""
    action = Action(tool="mail.send", action_class="irreversible", arguments=mail)
    request = AccessRequest(
        principal=replace(
            run.principal, id="agent:contract_review", on_behalf_of="ana"
        ),
        action=action,
        resource=Resource(type="mailbox", id=",".join(mail["to"])),
        context=Context(
            now=0,
            run=RunFacts(
                id=run.id,
                agent=run.agent,
                autonomy=2,
                refusals=0,
                revision=run.revision,
            ),
            schema_valid=True,
            labels=dict.fromkeys(mail, UNVOUCHED),
            cost=Amounts(),
            budget=BudgetFacts(limits=Amounts(), spent=Amounts(), reserved=Amounts()),
        ),
    )
    return Asked(
        request=request,
        action_id=secrets.token_hex(32),
        quorum=one_of("reviewer"),
        ttl_s=3_600,
        overdue_s=3_600,
        revision=run.revision,
        reasons=(Reason(code="granted", rule="grants", message="It is granted."),),
    )
