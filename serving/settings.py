"""Settings: what one workspace may do and where it keeps things; frozen once read.

`interlock.serving.workspace` reads settings from the command line, the environment and
`interlock.toml`. Each field here is one setting: `model.url` stands in the file as `url` of the
table `[model]`, and in the environment as `INTERLOCK_MODEL_URL`. A field that its repr leaves out
is a secret and is never shown.
"""

import re
from dataclasses import asdict, astuple
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Final, Self
from urllib.parse import quote

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from interlock.runtime.canonical import digest
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.label import Confidentiality
from interlock.runtime.policy.request import (
    LIMITS,
    ActionClass,
    Amounts,
    Autonomy,
    why_no_tenant,
)
from interlock.serving.fleet import Pace, TenantShare
from interlock.serving.models.entry import ModelEntry, alone, why_unusable
from interlock.serving.openid import OpenId
from interlock.serving.section import HttpUrl, Name, Section, fits_a_header
from interlock.serving.witnesses import Witnesses
from interlock.tools.outbound.destination import Destination, Reach

#: The compiled policy that comes with the package
BUNDLE: Final = Path(__file__).resolve().parent.parent / "policies" / "bundle.tar.gz"
MASK: Final = "***"
_MAIL_ADDRESS: Final = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+")
_ENTRY_POINT: Final = re.compile(r"[A-Za-z0-9_.-]+")
#: How the variables begin that hold settings of ours, secrets too
_OURS: Final = "INTERLOCK_"
_PASSWORD: Final = re.compile(r"(://[^:/@]*:)[^@]*@")


def is_mail_address(text: str) -> bool:
    """Whether *text* has the form of one mail address; who may be written to is for the policy."""
    return _MAIL_ADDRESS.fullmatch(text) is not None


def sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite database, whatever characters the path has."""
    return f"sqlite:///{quote(str(path), safe='/ ')}"


def without_password(url: str) -> str:
    """Return *url* with its password masked."""
    return _PASSWORD.sub(rf"\1{MASK}@", url)


def _sender(text: str) -> str:
    if not is_mail_address(text):
        raise ValueError("it is no mail address: write it as name@domain")
    return text


def _host_and_port(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise ValueError("it is not host:port, with a port from 1 to 65535")
    return text


def _database(text: str) -> str:
    scheme = text.partition(":")[0]
    if scheme.startswith("postgresql") and find_spec("psycopg") is None:
        raise ValueError(
            "its driver is missing: install it with pip install 'interlock[postgres]'"
        )
    if not scheme.startswith(("sqlite", "postgresql")):
        raise ValueError(
            "it is neither SQLite nor PostgreSQL: sqlite:///FILE or postgresql://..."
        )
    return text


def _server_url(text: str) -> str:
    Destination.parse(text, reach="any")
    return text


def _agent(text: str) -> str:
    module, separator, name = text.partition(":")
    parts = [*module.split("."), name] if separator else []
    is_named = separator or _ENTRY_POINT.fullmatch(text)
    if not all(part.isidentifier() for part in parts) or not is_named:
        raise ValueError(
            f'{text!r} is neither "package.module:Class" nor an entry point'
        )
    return text


def _tenant(name: str) -> str:
    why = why_no_tenant(name)
    if why:
        raise ValueError(why)
    return name


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _listed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return [part.strip() for part in value.split(",") if part.strip()]


def _by_domain(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    clearances = {}
    for part in value.split(","):
        domain, _, label = part.strip().partition("=")
        clearances[domain.lower()] = label
    return clearances


def _over_defaults(value: Any) -> Any:
    return asdict(LIMITS) | value if isinstance(value, dict) else value


def _not_negative(amounts: Amounts) -> Amounts:
    if min(astuple(amounts)) < 0:
        raise ValueError("a limit is zero or more")
    return amounts


ServerName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{0,19}$")]
HostAndPort = Annotated[str, AfterValidator(_host_and_port)]


class ToolServer(Section):
    """An MCP server: what is run or reached, whose tools it has, and what each of them may do."""

    command: tuple[Name, ...] = Field(
        (), strict=False, description="The program that is the server, and its words"
    )
    url: Annotated[str, AfterValidator(_server_url)] = Field(
        "", description="Where the server is: https, or http on this machine"
    )
    agents: tuple[Name, ...] = Field(
        (), description="The agents that may propose its tools"
    )
    environment: tuple[Name, ...] = Field(
        (), description="The variables of our environment that the program is handed"
    )
    token_variable: str = Field(
        "", description="The variable that holds the bearer token for the URL"
    )
    clearance: Confidentiality = Field(
        "public", description="The most restricted data that the server may be sent"
    )
    confidentiality: Confidentiality = Field(
        "confidential", description="How restricted is what the server says"
    )
    classes: dict[Name, ActionClass] = Field(
        {}, alias="class", description="TOOL = pure, read, write or irreversible"
    )
    idempotent: tuple[Name, ...] = Field(
        (), description="The tools whose second call with one key has no second effect"
    )

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if bool(self.command) == bool(self.url):
            raise ValueError("a server has a command or a url, and not both")
        for variable in (*self.environment, self.token_variable):
            if variable.startswith(_OURS):
                raise ValueError(f"no server is handed our own variable {variable}")
        return self


class Settings(Section):
    """Where things are, what may be spent, and what the tools reach."""

    home: Path = Field(description="The folder of database, keys, reports and outbox")
    database: Annotated[str, AfterValidator(_database)] = Field(
        description="URL of the database: sqlite:///FILE or postgresql://..."
    )
    checked_entries: Annotated[int, BeforeValidator(_number)] = Field(
        20_000,
        ge=1,
        description="The newest entries of each log that are read before anything is done",
    )
    people: Path = Field(description="The list of people and their roles")
    bundle: Path = Field(BUNDLE, description="The compiled policy")
    policies: Path | None = Field(
        None, description="A folder of data and rules over the bundle's"
    )
    playbooks: Path | None = Field(
        None, description="A folder of playbooks beside the shipped ones"
    )
    agents: Annotated[
        tuple[Annotated[str, AfterValidator(_agent)], ...], BeforeValidator(_listed)
    ] = Field(
        (),
        description='More agents: "package.module:Class", or the name of an entry point',
    )
    modules: Path | None = Field(
        None, description="A folder whose modules may hold those agents"
    )
    tenant: Annotated[Name, AfterValidator(_tenant)] = Field(
        "default", description="Whose data this is"
    )
    autonomy: Annotated[Autonomy, BeforeValidator(_number)] = Field(
        2, description="How much agents may do alone, from 0 to 3"
    )
    limits: Annotated[
        Amounts, BeforeValidator(_over_defaults), AfterValidator(_not_negative)
    ] = Field(LIMITS, description="What one run may spend")
    model: Annotated[ModelEntry | None, AfterValidator(alone)] = Field(
        None,
        description="What plans, instead of the scripted planner, and answers questions",
    )
    models: dict[Name, dict[Name, ModelEntry]] = Field(
        {},
        description="Several models behind one name: a table [models.ALIAS.MODEL] each",
    )
    witness: Witnesses | None = Field(
        None, description="Where checkpoints of the ledger are kept beside this home"
    )
    proxy: HttpUrl | None = Field(
        None,
        description="The proxy of requests that leave this machine; no variable names one",
    )
    webhooks: Reach = Field(
        "public", description='Where webhooks may be; "any": in private networks too'
    )
    delivery_days: int = Field(
        30,
        ge=1,
        description="How many days a message to a webhook is listed after it is over",
    )
    opa_server: HostAndPort | None = Field(
        None,
        description="host:port of an OPA server, instead of the embedded policy engine",
    )
    opa_tls: bool = Field(
        default=False, description="Whether the OPA server is reached over TLS"
    )
    opa_token: Annotated[str, AfterValidator(fits_a_header)] | None = Field(
        None,
        repr=False,
        description="The bearer token for that server",
    )
    oidc: OpenId | None = Field(
        None, description="The issuer whose people may sign in and whose tokens count"
    )
    worker: Pace = Field(Pace(), description="What a worker does")
    tenants: dict[Name, TenantShare] = Field(
        {},
        description="What each tenant gets of the workers: a table [tenants.NAME] each",
    )
    mcp: dict[ServerName, ToolServer] = Field(
        {}, description="MCP servers: a table [mcp.NAME] with a command or a url each"
    )
    sender: Annotated[str, AfterValidator(_sender)] = Field(
        "interlock@example.com", description="The address that mails come from"
    )
    smtp: HostAndPort | None = Field(
        None, description="host:port of a mail server, instead of the outbox folder"
    )
    clearances: Annotated[dict[Name, Confidentiality], BeforeValidator(_by_domain)] = (
        Field(
            {"example.com": "confidential"},
            description="The most restricted data that each mail domain gets: DOMAIN=LABEL,...",
        )
    )

    @field_validator("models")
    @classmethod
    def _has_one_planner(cls, models: Any, info: ValidationInfo) -> Any:
        why = why_unusable(info.data.get("model"), models)
        if why:
            raise ValueError(why)
        return models

    @property
    def second_folder(self) -> Path | None:
        """The second folder of checkpoints."""
        return None if self.witness is None else self.witness.folder

    @property
    def is_trusting(self) -> bool:
        """Whether a database of which no checkpoint is known is taken as it stands."""
        return self.witness is not None and self.witness.missing == "accept"

    @property
    def digest(self) -> str:
        """The digest of all settings but secrets: what a run's record names the settings by."""
        fields = self.model_dump(
            mode="json",
            exclude={"opa_token": True, "model": {"key"}},
        )
        return digest(fields | {"database": without_password(self.database)})


def address(text: str, *, name: str) -> tuple[str, int]:
    """Return the host and port in "host:port"; raises `BadInput` naming the setting."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise BadInput(
            what=f"{name} {text!r}",
            why="it is not host:port",
            next_step="Write it as host:port.",
        )
    return host, int(port)
