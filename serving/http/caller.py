"""Who asks: the caller of a request, by the credential in its Authorization header alone.

No cookie is ever a credential here. So no page of somebody else's can have a browser ask in the
name of whoever is signed in.
"""

from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from interlock.runtime.errors import NotAuthenticated
from interlock.runtime.policy.request import Principal
from interlock.serving.home import Home
from interlock.serving.http.service import Service
from interlock.serving.identity.caller import Caller

#: How an API key begins; whatever else is a token
KEY: Final = "ilk_"
_BEARER: Final = HTTPBearer(
    scheme_name="bearer",
    description="An API key (`ilk_...`), or a JSON web token of the configured issuer.",
    auto_error=False,
)


async def whole(request: Request) -> Service:
    """Return what all requests share, with every tenant's things: for what asks for no caller."""
    shared: Service = request.app.state.service
    return shared


WholeOf = Annotated[Service, Depends(whole)]


async def known(shared: Service, request: Request) -> Caller:
    """Return who sent the request; raises `NotAuthenticated` (fails closed)."""
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    credential = credential.strip()
    if scheme.lower() != "bearer" or not credential or not credential.isascii():
        raise NotAuthenticated(what="The credential")
    if credential.startswith(KEY):
        return await shared.authenticator.of_key(credential)
    return await shared.authenticator.of_token(credential)


async def caller(
    request: Request, shared: WholeOf, _: Annotated[object, Security(_BEARER)]
) -> Caller:
    """Return who asks, once the caller's rate allows it.

    Raises `NotAuthenticated`, and `RequestRefused` ("too_many").
    """
    asking = await known(shared, request)
    shared.rates.take((asking.principal.tenant, asking.principal.id))
    return asking


CallerOf = Annotated[Caller, Depends(caller)]


async def service(shared: WholeOf, asking: CallerOf) -> Service:
    """Return what all requests share, with the things of the caller's tenant and no others."""
    return shared.of(asking.principal.tenant)


ServiceOf = Annotated[Service, Depends(service)]


async def home(shared: ServiceOf) -> Home:
    """Return the home as the caller's tenant has it."""
    return shared.home


HomeOf = Annotated[Home, Depends(home)]


async def person(asking: CallerOf) -> Principal:
    """Return who asks, as the policy knows the caller."""
    return asking.principal


PersonOf = Annotated[Principal, Depends(person)]
