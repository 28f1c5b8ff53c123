"""A look at the issuer of the settings: whether people and tokens of it can be let in."""

import os
import time

from interlock.serving.desk import Desk
from interlock.serving.identity.issuer import Issuer


async def look(desk: Desk, issuer: Issuer | None = None) -> tuple[bool, str]:
    """Return whether the issuer can be used, and what to say of it.

    Raises `IssuerAway` where it does not answer as it must.
    """
    settings = desk.settings.oidc
    if settings is None:
        return True, "none: people and keys of this home alone"
    known = desk.roles
    unknown = sorted(set(settings.roles.values()) - known) if known else []
    if unknown:
        return False, f"roles that the policy does not know: {', '.join(unknown)}"
    variable = settings.secret_variable
    if variable and not os.environ.get(variable):
        return False, f"the variable {variable} is not set"
    asked = issuer or Issuer(settings.issuer, proxy=desk.settings.proxy)
    provider = await asked.provider(int(time.time()))
    if settings.takes_people and not provider.token_endpoint:
        return False, "people cannot sign in there: it names no token_endpoint"
    words = ["answers"]
    words += ["people sign in there"] if settings.takes_people else []
    words += ["its tokens are taken"] if settings.audience else []
    return True, f"{settings.issuer}: {', '.join(words)}"
