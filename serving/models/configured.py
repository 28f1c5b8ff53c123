"""The models that the settings name, as the door's tool asks them."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretStr

from interlock.runtime.record.vault import Vault
from interlock.serving.models.entry import (
    ANALYST,
    LONGEST_ANSWER,
    PLANNER,
    Endpoint,
    ModelEntry,
)
from interlock.serving.settings import Settings
from interlock.tools.models import replicas
from interlock.tools.models.router.candidate import Candidate
from interlock.tools.models.router.router import Router
from interlock.tools.models.router.weights import WeightsOf
from interlock.tools.models.served import Model, Served
from interlock.tools.outbound.client import Bounds
from interlock.tools.outbound.destination import Destination

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel

    from interlock.tools.models.openai import EndpointModel

#: An endpoint that asks for no key gets this word
_NO_KEY: Final = "none"
_SALT: Final = b"model cache"
#: Within the tool's deadline of 60 s; a stream shows that it is alive much earlier
_WHOLE_S: Final = 50.0
_FIRST_S: Final = 20.0
_MOST_BYTES: Final = 1024 * 1024


def router(
    settings: Settings,
    *,
    vault: Vault,
    careful: "Model | BaseChatModel",
    planner: "Model | BaseChatModel | None" = None,
    weights: WeightsOf | None = None,
) -> Router:
    """Return the router over the models of *settings*.

    *careful* plans where no model is set, and where one that is embedded is named; *planner* takes
    the place of every planner that is set. *weights* are those that a run keeps to.
    """
    aliases = {
        alias: [
            _candidate(settings, name, entry, vault=vault, careful=careful)
            for name, entry in entries.items()
        ]
        for alias, entries in settings.models.items()
    }
    if planner is not None or PLANNER not in aliases:
        served = _planner(settings, planner, careful=careful)
        aliases[PLANNER] = [Candidate(name=PLANNER, served=served)]
    if planner is not None or (ANALYST not in aliases and settings.model is not None):
        # Without a model nobody is the analyst: no rule pretends to understand a question.
        served = _planner(settings, planner, careful=careful)
        aliases[ANALYST] = [Candidate(name=ANALYST, served=served)]
    return Router(aliases, weights=weights)


def _planner(
    settings: Settings,
    planner: "Model | BaseChatModel | None",
    *,
    careful: "Model | BaseChatModel",
) -> Served:
    """Return what plans: *planner* if there is one, else the one model that is set if one is."""
    endpoint = settings.model
    if planner is not None or endpoint is None:
        return Served(model=planner or careful, longest_answer=LONGEST_ANSWER)
    place = Destination.parse(
        endpoint.url,
        reach="any",
        plain_http=endpoint.plain_http,
        proxy=settings.proxy,
    )
    return Served(
        model=_one(endpoint, place),
        longest_answer=LONGEST_ANSWER,
        micro_per_million=endpoint.price,
        clearance=endpoint.clearance,
        takes=frozenset(endpoint.takes),
    )


def _one(endpoint: Endpoint, place: Destination) -> "EndpointModel":
    from interlock.tools.models.openai import EndpointModel  # noqa: PLC0415 - imports that a scripted planner does without

    return EndpointModel(
        endpoint=place,
        served=endpoint.name,
        key=SecretStr(endpoint.key),
        longest_answer=LONGEST_ANSWER,
        strict=False,
    )


def _candidate(
    settings: Settings,
    name: str,
    entry: ModelEntry,
    *,
    vault: Vault,
    careful: "Model | BaseChatModel",
) -> Candidate:
    model: Any = careful
    places = None
    if entry.url is not None:
        model = _endpoint(settings, entry, entry.url, vault=vault)
    if entry.pool:
        places = _Pool(settings=settings, entry=entry, vault=vault)
    served = Served(
        model=model,
        longest_answer=entry.longest_answer,
        micro_per_million=entry.price,
        clearance="confidential" if entry.embedded else entry.clearance,
        takes=frozenset(entry.takes),
    )
    return Candidate(
        name=name,
        served=served,
        weight=0 if entry.fallback else entry.weight,
        region=entry.region,
        is_fallback=entry.fallback,
        places=places,
    )


class _Pool:
    """The replicas of one model of this home, looked up at each question."""

    def __init__(self, *, settings: Settings, entry: ModelEntry, vault: Vault) -> None:
        self._settings = settings
        self._entry = entry
        self._vault = vault

    def __call__(self, key: str) -> Sequence[Model]:
        """Return the replicas that are ready, the one first to which *key* belongs."""
        home = self._settings.home
        ready = replicas.nearest(replicas.read(home, self._entry.pool), key)
        return [
            _endpoint(self._settings, self._entry, replica.url, vault=self._vault)
            for replica in ready
        ]


def _endpoint(
    settings: Settings, entry: ModelEntry, url: str, *, vault: Vault
) -> "EndpointModel":
    from interlock.tools.models.openai import EndpointModel  # noqa: PLC0415 - imports that a scripted planner does without

    def salt(tenant: str) -> str:
        return vault.mark(_SALT, tenant.encode()).hex()

    return EndpointModel(
        endpoint=Destination.parse(
            url, reach="any", plain_http=entry.plain_http, proxy=settings.proxy
        ),
        served=entry.name,
        key=SecretStr(_key(os.environ, entry.key_variable)),
        longest_answer=entry.longest_answer,
        bounds=Bounds(
            most_bytes=_MOST_BYTES,
            total_s=_WHOLE_S,
            first_s=_FIRST_S if entry.streams else None,
        ),
        streams=entry.streams,
        strict=entry.strict,
        salt=salt if entry.salted else None,
    )


def _key(variables: Mapping[str, str], name: str) -> str:
    return variables.get(name, _NO_KEY) if name else _NO_KEY
