"""Looks at the figures: everybody's for whom the policy lets see them, one's own for a reviewer."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from interlock.runtime.errors import NotPermitted
from interlock.runtime.policy.act import Read
from interlock.runtime.policy.request import Principal, identity
from interlock.runtime.run import subject
from interlock.serving.home import Home
from interlock.serving.quality import figures
from interlock.serving.quality.figures import DAY_S, Figures

DAYS: Final = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """What one person may see: all together and each, or only the own figures."""

    days: int
    #: None for who sees the own figures alone
    together: Figures | None
    people: list[Figures]


async def quality(home: Home, *, person: Principal, days: int = DAYS) -> Quality:
    """Return everybody's figures where the policy lets *person* see them, else the own ones.

    Raises `NotPermitted` for who may see neither.
    """
    if await _may(home, "quality.read", person, days):
        return await everybody(home, person=person, days=days)
    return await own(home, person=person, days=days)


async def everybody(home: Home, *, person: Principal, days: int = DAYS) -> Quality:
    """Return how everybody reviewed in the last *days*; raises `NotPermitted`."""
    await _ask(home, "quality.read", person, days)
    verdicts = await _verdicts(home, person, days)
    return Quality(
        days=days,
        together=figures.of_all(verdicts),
        people=figures.of_each(verdicts),
    )


async def own(home: Home, *, person: Principal, days: int = DAYS) -> Quality:
    """Return how *person* reviewed in the last *days*; raises `NotPermitted`."""
    await _ask(home, "quality.own", person, days)
    each = figures.of_each(await _verdicts(home, person, days))
    return Quality(
        days=days,
        together=None,
        people=[one for one in each if one.person == identity(person.id)],
    )


async def _verdicts(home: Home, person: Principal, days: int) -> list[figures.Verdict]:
    def look(connection: Connection) -> list[figures.Verdict]:
        since = home.store.now(connection) - days * DAY_S
        return figures.read(
            connection,
            home.vault,
            tenant=person.tenant,
            since=since,
        )

    return await home.store.read(look)


async def _may(home: Home, act: Read, person: Principal, days: int) -> bool:
    try:
        await _ask(home, act, person, days)
    except NotPermitted:
        return False
    return True


async def _ask(home: Home, act: Read, person: Principal, days: int) -> None:
    await home.runtime.acts.look(
        act,
        person=person,
        arguments={"days": days},
        look=subject.tenant("quality", "figures"),
    )
