"""Settings: read once from the environment, frozen from then on."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast, get_args

from sqlalchemy import URL

from interlock.runtime.errors import BadInput
from interlock.runtime.policy.label import Confidentiality
from interlock.runtime.policy.request import Amounts, Autonomy

#: One review: a unit of money, 400,000 tokens, 60 steps, 10 effects, ten minutes
LIMITS: Final = Amounts(
    money_micro=1_000_000, tokens=400_000, steps=60, effects=10, wall_ms=600_000
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """A served model: an endpoint that speaks OpenAI's chat completions."""

    #: The API's base, such as http://127.0.0.1:8000/v1
    url: str
    name: str
    key: str = field(default="none", repr=False)
    #: The most restricted data it may be sent; whoever runs it sees what it is asked
    clearance: Confidentiality = "public"
    micro_per_million: int = 0  # millionths of the currency for a million tokens


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Where things are and how much may be spent. Everything lives under *home* unless a field says otherwise."""

    home: Path
    database: str
    bundle: Path
    #: "host:port" of an OPA server, or None for the embedded engine
    opa: str | None = None
    opa_tls: bool = False
    opa_token: str | None = field(default=None, repr=False)
    #: What plans the actions, or None for the scripted planner
    model: Endpoint | None = None
    tenant: str = "default"
    autonomy: Autonomy = 2
    limits: Amounts = LIMITS
    sender: str = "interlock@example.com"
    #: "host:port" of an SMTP server, or None for the outbox folder
    smtp: str | None = None
    #: How restricted the data may be that each mail domain gets; anything else is public
    clearances: Mapping[str, Confidentiality] = field(
        default_factory=lambda: {"example.com": "confidential"}
    )


def _clearances(text: str) -> dict[str, Confidentiality]:
    """Read "domain=label,domain=label"; raises `BadInput` naming the part that is not one."""
    found: dict[str, Confidentiality] = {}
    for part in text.split(","):
        domain, _, label = part.strip().partition("=")
        if not domain or label not in get_args(Confidentiality):
            why = f"{part.strip()!r} is not domain=public, internal or confidential"
            raise BadInput(
                what="INTERLOCK_CLEARANCES",
                why=why,
                next_step="Write it as example.com=confidential.",
            )
        found[domain.lower()] = cast(Confidentiality, label)
    return found


def _endpoint(given: Mapping[str, str]) -> Endpoint | None:
    """Read the served model; raises `BadInput` naming the variable that is missing or wrong."""
    if not (url := given.get("INTERLOCK_MODEL_URL")):
        return None
    if not (name := given.get("INTERLOCK_MODEL")):
        why = "INTERLOCK_MODEL_URL is set and no model is named"
        raise BadInput(
            what="INTERLOCK_MODEL", why=why, next_step="Name the model as its endpoint does."
        )
    price, clearance = (
        given.get("INTERLOCK_MODEL_PRICE") or "0",
        given.get("INTERLOCK_MODEL_CLEARANCE") or "public",
    )
    if not (price.isascii() and price.isdigit()):
        why = f"{price!r} is not a whole number of millionths"
        raise BadInput(
            what="INTERLOCK_MODEL_PRICE",
            why=why,
            next_step="Write the price of a million tokens in millionths.",
        )
    if clearance not in get_args(Confidentiality):
        why = f"{clearance!r} is not public, internal or confidential"
        raise BadInput(
            what="INTERLOCK_MODEL_CLEARANCE", why=why, next_step="Name one of the three."
        )
    return Endpoint(
        url=url,
        name=name,
        key=given.get("INTERLOCK_MODEL_KEY") or "none",
        clearance=cast(Confidentiality, clearance),
        micro_per_million=int(price),
    )


def sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite database; a path may hold what means something else in a URL."""
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def read(
    environment: Mapping[str, str] | None = None,
    *,
    bundle: Path,
    chosen: Path | None = None,
    home: Path | None = None,
) -> Settings:
    """Return the settings of this process.

    *bundle* serves when the environment names none; *chosen* and *home* go before what it names.
    Raises `BadInput` when the home is not a folder or a variable cannot be read.
    """
    given = os.environ if environment is None else environment
    try:
        place = (home or Path(given.get("INTERLOCK_HOME") or "~/.interlock")).expanduser().resolve()
    except (RuntimeError, OSError) as error:
        raise BadInput(
            what="INTERLOCK_HOME", why=str(error), next_step="Name another place."
        ) from error
    if place.exists() and not place.is_dir():
        raise BadInput(
            what=f"INTERLOCK_HOME {place}",
            why="it is not a folder",
            next_step="Name another place.",
        )
    return Settings(
        home=place,
        database=given.get("INTERLOCK_DATABASE") or sqlite_url(place / "interlock.db"),
        bundle=chosen or Path(given.get("INTERLOCK_BUNDLE") or bundle),
        opa=given.get("INTERLOCK_OPA_SERVER") or None,
        opa_tls=given.get("INTERLOCK_OPA_TLS") == "1",
        opa_token=given.get("INTERLOCK_OPA_TOKEN") or None,
        model=_endpoint(given),
        clearances=_clearances(given.get("INTERLOCK_CLEARANCES") or "example.com=confidential"),
        tenant=given.get("INTERLOCK_TENANT") or "default",
        smtp=given.get("INTERLOCK_SMTP") or None,
        sender=given.get("INTERLOCK_SENDER") or "interlock@example.com",
    )
