"""Settings: read once from the environment, frozen from then on."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast, get_args

from interlock.runtime.errors import BadInput
from interlock.runtime.provenance import Confidentiality
from interlock.runtime.request import Amounts, Autonomy

#: One review: a unit of money, 400,000 tokens, 60 steps, 10 effects, ten minutes
LIMITS: Final = Amounts(money_micro=1_000_000, tokens=400_000, steps=60, effects=10, wall_ms=600_000)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Where things are and how much may be spent. Everything lives under *home* unless a field says otherwise."""

    home: Path
    database: str
    bundle: Path
    #: "host:port" of an OPA server, or None for the embedded engine
    opa: str | None = None
    opa_tls: bool = False
    opa_token: str | None = None
    tenant: str = "default"
    autonomy: Autonomy = 2
    limits: Amounts = LIMITS
    sender: str = "interlock@example.com"
    #: "host:port" of an SMTP server, or None for the outbox folder
    smtp: str | None = None
    #: How restricted the data may be that each mail domain gets; anything else is public
    clearances: Mapping[str, Confidentiality] = field(default_factory=lambda: {"example.com": "confidential"})


def _clearances(text: str) -> dict[str, Confidentiality]:
    """Read "domain=label,domain=label"; raises `BadInput` naming the part that is not one."""
    found: dict[str, Confidentiality] = {}
    for part in text.split(","):
        domain, _, label = part.strip().partition("=")
        if not domain or label not in get_args(Confidentiality):
            why = f"{part.strip()!r} is not domain=public, internal or confidential"
            raise BadInput(what="INTERLOCK_CLEARANCES", why=why, next_step="Write it as example.com=confidential.")
        found[domain.lower()] = cast(Confidentiality, label)
    return found


def read(environment: Mapping[str, str] | None = None, *, bundle: Path, home: Path | None = None) -> Settings:
    """Return the settings of this process; *home* and *bundle* are what is used when the environment names none.

    Raises `BadInput` when the home is not a folder.
    """
    given = os.environ if environment is None else environment
    place = (home or Path(given.get("INTERLOCK_HOME") or "~/.interlock")).expanduser().resolve()
    if place.exists() and not place.is_dir():
        raise BadInput(what=f"INTERLOCK_HOME {place}", why="it is not a folder", next_step="Name another place.")
    return Settings(
        home=place,
        database=given.get("INTERLOCK_DATABASE") or f"sqlite:///{place / 'interlock.db'}",
        bundle=Path(given.get("INTERLOCK_BUNDLE") or bundle),
        opa=given.get("INTERLOCK_OPA_SERVER") or None,
        opa_tls=given.get("INTERLOCK_OPA_TLS") == "1",
        opa_token=given.get("INTERLOCK_OPA_TOKEN") or None,
        clearances=_clearances(given.get("INTERLOCK_CLEARANCES") or "example.com=confidential"),
        tenant=given.get("INTERLOCK_TENANT") or "default",
        smtp=given.get("INTERLOCK_SMTP") or None,
        sender=given.get("INTERLOCK_SENDER") or "interlock@example.com",
    )
