"""The visitor: who looks at a page, in which home, and since when."""

import time
from dataclasses import dataclass, replace
from typing import Annotated, Final

from fastapi import Depends, Request
from pydantic import Field

from interlock.runtime.policy.request import Principal
from interlock.serving.home import Home
from interlock.serving.identity.caller import Caller
from interlock.serving.queue.cookie import session_cookie
from interlock.serving.queue.doorkeeper import Doorkeeper

#: A number in an address, such as the place of an entry: no larger than a database takes
Number = Annotated[int, Field(ge=-1, le=2**53)]
#: Seconds after which somebody who decides what cannot be undone shows the password again
FRESH_S: Final = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """One person at one request."""

    home: Home
    doorkeeper: Doorkeeper
    caller: Caller
    cookie: str
    csrf: str
    now: int
    #: How many entries the log of the tenant had before anything of the page was read
    size: int

    @property
    def person(self) -> Principal:
        """Who acts."""
        return self.caller.principal

    @property
    def tenant(self) -> str:
        """The tenant whose things the person sees: no other's."""
        return self.caller.principal.tenant

    @property
    def is_fresh(self) -> bool:
        """Whether credentials were shown a short while ago."""
        return self.now - self.caller.authenticated <= FRESH_S

    async def freshened(self, password: str) -> "Visitor":
        """Return the same person, who showed the password just now, under a new cookie.

        Raises `NotAuthenticated`.
        """
        cookie, caller = await self.doorkeeper.reauthenticate(self.cookie, password)
        return replace(
            self,
            cookie=cookie,
            caller=caller,
            csrf=self.doorkeeper.csrf_token(cookie),
        )


async def visitor(request: Request) -> Visitor:
    """Return who asks; raises `NotAuthenticated` without a session that is open (fails closed)."""
    doorkeeper: Doorkeeper = request.app.state.doorkeeper
    cookie = session_cookie(request)
    home: Home = request.app.state.home
    caller = await doorkeeper.of_session(cookie)
    home = home.of(caller.principal.tenant)
    head = await home.ledger.head(caller.principal.tenant)
    return Visitor(
        home=home,
        doorkeeper=doorkeeper,
        caller=caller,
        size=head.size,
        cookie=cookie,
        csrf=doorkeeper.csrf_token(cookie),
        now=int(time.time()),
    )


#: A page of somebody who is signed in
Visiting = Annotated[Visitor, Depends(visitor)]
