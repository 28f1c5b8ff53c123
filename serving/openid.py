"""The settings of an issuer: whose people may sign in here, and whose tokens count."""

import re
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from interlock.serving.section import Section
from interlock.tools.outbound.destination import Destination

#: Seconds that somebody has to sign in at the issuer
GOOD_FOR_S: Final = 600
#: How the variables begin that hold settings of ours
_OURS: Final = "INTERLOCK_"
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Word = Annotated[
    str,
    StringConstraints(
        min_length=1,
        strip_whitespace=True,
    ),
]


def _place(url: str) -> str:
    Destination.parse(url, reach="any")
    return url


def _site(url: str) -> str:
    if url and Destination.parse(url, reach="any").base:
        raise ValueError(
            "it is scheme and host alone, such as https://lock.example.com"
        )
    return url.rstrip("/")


def _variable(name: str) -> str:
    if name.startswith(_OURS) or (name and not _VARIABLE.fullmatch(name)):
        raise ValueError(f"it is no name of a variable, or one of our own ({_OURS}...)")
    return name


class OpenId(Section):
    """An OpenID provider, and what its tokens mean here."""

    issuer: Annotated[Word, AfterValidator(_place)] = Field(
        description="The issuer as its tokens write it: https, or http on this machine"
    )
    client_id: str = Field(
        "",
        description="Who this home is at the issuer; with site, people sign in there",
    )
    site: Annotated[str, AfterValidator(_site)] = Field(
        "",
        description="Where browsers reach this home, such as https://lock.example.com",
    )
    secret_variable: Annotated[str, AfterValidator(_variable)] = Field(
        "", description="The variable that holds the secret of client_id"
    )
    audience: str = Field(
        "", description="What the API's tokens are for; without it none is taken"
    )
    name_claim: Word = Field("sub", description="The claim that names the person")
    tenant_claim: str = Field(
        "", description="The claim that names the tenant, instead of the tenant here"
    )
    roles_claim: Word = Field(
        "groups", description="The claim whose values are mapped to roles"
    )
    roles: dict[Word, Word] = Field({}, description="VALUE = ROLE of the policy")

    @model_validator(mode="after")
    def _is_of_use(self) -> Self:
        if bool(self.client_id) != bool(self.site):
            raise ValueError("client_id and site go together: name both or neither")
        if not self.client_id and not self.audience:
            raise ValueError(
                "nobody could use it: name an audience, or client_id and site"
            )
        return self

    @property
    def takes_people(self) -> bool:
        """Whether people sign in at the issuer."""
        return bool(self.client_id)
