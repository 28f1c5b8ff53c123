"""The asker: who gives a command, asked of them once the home has accounts.

An API key in INTERLOCK_KEY counts first, then the session that `interlock sign-in` keeps, then name
and password, asked on the terminal. Fails closed: who proves nothing is nobody. Only a stop is done
without (`stopper`), and a server or a worker starts without (`starter`).
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from interlock.runtime.errors import (
    BadInput,
    GuardFailed,
    NotAuthenticated,
)
from interlock.runtime.policy.request import Principal
from interlock.serving import people
from interlock.tools import files

if TYPE_CHECKING:
    from interlock.serving.desk import Desk
    from interlock.serving.identity.identity import Identity
    from interlock.serving.settings import Settings

VARIABLE: Final = "INTERLOCK_KEY"
#: How long the session of a terminal is kept, in seconds
KEPT_S: Final = 8 * 3600


async def asker(desk: "Desk", name: str | None, *, may_ask: bool = True) -> Principal:
    """Return who asks: on a home without accounts *name*, or the account of this process.

    Where there are accounts a *name* is refused, for nobody is believed on trust. Raises
    `NotAuthenticated` for who proves nothing; unless one *may_ask*, no password is asked for.
    """
    from interlock.serving.identity.identity import Identity

    identity = Identity.over(desk)
    if not await identity.has_accounts():
        return desk.person(name)
    _refuse_name(name)
    key = os.environ.get(VARIABLE, "")
    if key:
        return (await identity.of_key(key)).principal
    cookie = kept(desk.settings)
    if cookie:
        return (await identity.of_session(cookie)).principal
    if may_ask and sys.stdin.isatty():
        return await _asked(identity)
    raise NotAuthenticated(
        what="a command without a session or a key, on a home with accounts,",
        next_step=f"`interlock sign-in` first, or set {VARIABLE} to an API key.",
    )


async def starter(desk: "Desk", name: str | None) -> Principal:
    """Return who starts a server or a worker, without asking for anything.

    Whoever has a key in INTERLOCK_KEY or a session starts it, and a key that is not good is refused
    (fails closed). Otherwise the machine's account starts it: whoever can open the home has its
    keys anyway, so a restart at night needs no secret. What it may do is for the policy.
    """
    if os.environ.get(VARIABLE, ""):
        return await asker(desk, name, may_ask=False)
    try:
        return await asker(desk, name, may_ask=False)
    except NotAuthenticated:
        _refuse_name(name)
        return people.machine(tenant=desk.settings.tenant)


async def stopper(desk: "Desk", name: str | None) -> Principal:
    """Return who stops, without asking for anything.

    Whoever proves nothing, and everybody where the accounts cannot be read, stops in the name of
    the operating-system account and without roles (fails open, for stops alone: a stop that waits
    for a password would be none). A *name* is believed on a home without accounts only; one that
    nobody can have is refused there.
    """
    from interlock.serving.identity.identity import Identity

    try:
        if await Identity.over(desk).has_accounts():
            return await asker(desk, None, may_ask=False)
    except (BadInput, GuardFailed, NotAuthenticated):
        return Principal(
            id=people.current(),
            tenant=desk.settings.tenant,
            roles=(),
        )
    return desk.stopper(name)


def _refuse_name(name: str | None) -> None:
    """Raise `NotAuthenticated` for a name on trust."""
    if name is not None:
        raise NotAuthenticated(
            what="--as, on a home with accounts,",
            next_step=f"Leave it out: `interlock sign-in` first, or set {VARIABLE}.",
        )


def keep(settings: "Settings", cookie: str) -> None:
    """Keep the session for the commands of this account of the machine; only it can read that."""
    until = int(time.time()) + KEPT_S
    document = {"session": cookie, "until": until}
    files.write(_file(settings), json.dumps(document).encode())


def kept(settings: "Settings") -> str:
    """Return the session that is kept, or nothing; one past its time is dropped."""
    try:
        document = json.loads(_file(settings).read_text("utf-8"))
        cookie, until = str(document["session"]), int(document["until"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""
    if time.time() < until:
        return cookie
    drop(settings)
    return ""


def drop(settings: "Settings") -> None:
    """Keep no session any more."""
    _file(settings).unlink(missing_ok=True)


def new_password() -> str:
    """Return a password that was typed twice and not shown."""
    password: str = typer.prompt(
        "Password",
        hide_input=True,
        confirmation_prompt=True,
        err=True,
    )
    return password


async def _asked(identity: "Identity") -> Principal:
    """Return who types a name and a password; the session is over at once."""
    cookie, caller = await identity.sign_in(*credentials(typer.prompt))
    await identity.sign_out(cookie)
    return caller.principal


def credentials(
    prompt: Callable[..., str],
    name: str | None = None,
) -> tuple[str, str]:
    """Return the name and the password that are typed."""
    typed = name or prompt("Name", default=people.current(), err=True)
    return typed, prompt("Password", hide_input=True, err=True)


def _file(settings: "Settings") -> Path:
    return settings.home / f"sign-in-{os.getuid()}"
