"""What a token states of a person, in our words: name, tenant, roles."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import Principal, identity, why_no_tenant
from interlock.serving import people
from interlock.serving.identity.refusal import TokenRefused
from interlock.serving.openid import OpenId

#: No name of an issuer is longer
_LONGEST: Final = 150
#: Values beyond are not looked at
_MOST_VALUES: Final = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Stated:
    """Somebody an issuer vouches for, whom nobody here has looked up yet."""

    #: Begins as no name on the list of people does
    name: str
    #: Who it is at the issuer for good: a name can pass to somebody else, this cannot
    subject: str
    tenant: str
    roles: tuple[str, ...]

    @property
    def principal(self) -> Principal:
        """The person as the policy knows them."""
        return Principal(id=self.name, tenant=self.tenant, roles=self.roles)


def stated(
    claims: Mapping[str, Any],
    settings: OpenId,
    *,
    tenant: str,
    roles: Collection[str] | None,
) -> Stated:
    """Return whom *claims* name, with the mapped roles that are among *roles* (None: any).

    *tenant* is theirs where no claim says which. Raises `TokenRefused` for a name or a tenant that
    cannot be used (fails closed); a value that is mapped to nothing gives no role.
    """
    return Stated(
        name=_name(_claim(claims, settings.name_claim)),
        subject=f"{settings.issuer} {claims['sub']}",
        tenant=_tenant(claims, settings, tenant),
        roles=mapped(_claim(claims, settings.roles_claim), settings, roles),
    )


def mapped(
    values: Any, settings: OpenId, roles: Collection[str] | None
) -> tuple[str, ...]:
    """Return the roles to which the values of a claim are mapped, each once."""
    listed = values if isinstance(values, list) else [values]
    known = [
        settings.roles[value]
        for value in listed[:_MOST_VALUES]
        if isinstance(value, str) and value in settings.roles
    ]
    return tuple(
        role for role in dict.fromkeys(known) if roles is None or role in roles
    )


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """Return a claim, or the one inside others that a name with dots leads to."""
    if name in claims:
        return claims[name]
    value: Any = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST or not identity(value):
        raise TokenRefused("name")
    try:
        people.refuse_unreadable(value)
    except BadInput as error:
        raise TokenRefused("name") from error
    return f"{people.OF_ISSUER}{identity(value)}"


def _tenant(claims: Mapping[str, Any], settings: OpenId, tenant: str) -> str:
    if not settings.tenant_claim:
        return tenant
    value = _claim(claims, settings.tenant_claim)
    if not isinstance(value, str) or not value or why_no_tenant(value):
        raise TokenRefused("tenant")
    return value
