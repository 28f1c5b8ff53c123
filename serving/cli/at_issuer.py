"""Signing in at the issuer from a command: the browser goes there, the answer comes back here."""

from typing import TYPE_CHECKING

from rich.text import Text

from interlock.runtime.errors import BadInput, NotAuthenticated
from interlock.serving.cli import asker, browser, session
from interlock.serving.cli.show import shown

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from interlock.serving.desk import Desk
    from interlock.serving.identity.caller import Caller
    from interlock.serving.identity.identity import Identity
    from interlock.serving.settings import Settings


def check_alone(*others: str | bool | None) -> None:
    """Raise `BadInput` where something of a sign-in here stands beside --issuer."""
    if any(others):
        raise BadInput(
            what="sign-in --issuer",
            why="the issuer says who somebody is, and asks for the password itself",
            next_step="Leave the name, --code and --password-stdin out.",
        )


def signing_in(
    settings: "Settings", *, may_show: bool
) -> "Callable[[Desk], Awaitable[tuple[str, Caller]]]":
    """Return the work that signs in at the issuer; see `signed_in`."""

    async def work(desk: "Desk") -> tuple[str, "Caller"]:
        from interlock.serving.identity.identity import Identity

        return await signed_in(
            Identity.over(desk), asker.kept(settings), may_show=may_show
        )

    return work


async def signed_in(
    identity: "Identity", cookie: str, *, may_show: bool
) -> tuple[str, "Caller"]:
    """Return the cookie of a new session, and the caller; the address is said on standard error.

    Whoever signed in there already, as *cookie* says, shows credentials once more, and the session
    of the cookie is over. A browser is opened if one *may_show* the address. Raises `BadInput`
    where the settings have no issuer for people.
    """
    from interlock.serving.identity import loopback

    issuer = identity.issuer
    if issuer is None or not issuer.takes_people:
        raise BadInput(
            what="sign-in --issuer",
            why="the settings have no issuer at which people sign in",
            next_step="Set client_id and site in [oidc] of interlock.toml.",
        )
    again = await _again(identity, cookie)
    async with loopback.listening() as place:
        url, waiting = await issuer.begin("/", again=again, back=place.address)
        _say(url)
        if may_show:
            browser.show(url)
        entered = await place.entered(lambda answer: issuer.enter(waiting, answer))
    return entered.cookie, await identity.of_session(entered.cookie)


async def _again(identity: "Identity", cookie: str) -> "Caller | None":
    """Return whoever signed in at the issuer and still is; None for everybody else."""
    try:
        caller = await identity.of_session(cookie)
    except NotAuthenticated:
        return None
    return caller if caller.proof == "oidc" else None


def _say(url: str) -> None:
    """Say where to go, on standard error: results alone stand on standard output."""
    line = Text("Sign in at: ").append_text(shown(url))
    session.err.print(line, soft_wrap=True)
