"""The models that the settings name, as the door's tool asks them."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretStr

from interlock.runtime.canonical import canonical
from interlock.runtime.record.vault import Vault
from interlock.serving.models.entry import (
    ANALYST,
    LONGEST_ANSWER,
    PLANNER,
    READER,
    ModelEntry,
)
from interlock.serving.models.unsure import without_model
from interlock.serving.settings import Settings
from interlock.tools.models import replicas
from interlock.tools.models.router.candidate import Candidate
from interlock.tools.models.router.router import Router
from interlock.tools.models.router.weights import WeightsOf
from interlock.tools.models.served import Model, Served
from interlock.tools.outbound.destination import Destination

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel

    from interlock.tools.models.openai import EndpointModel

#: An endpoint that asks for no key gets this word
_NO_KEY: Final = "none"
_SALT: Final = b"model cache"
#: A stream shows much earlier than a whole answer that it is alive
_FIRST_S: Final = 20.0


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
        served = _planner(settings, planner, vault=vault, careful=careful)
        aliases[PLANNER] = [Candidate(name=PLANNER, served=served)]
    if planner is not None or (ANALYST not in aliases and settings.model is not None):
        # Without a model nobody is the analyst: no rule pretends to understand a question.
        served = _planner(settings, planner, vault=vault, careful=careful)
        aliases[ANALYST] = [Candidate(name=ANALYST, served=served)]
    if READER in aliases:
        aliases[READER].append(without_model())
    return Router(aliases, weights=weights)


def _planner(
    settings: Settings,
    planner: "Model | BaseChatModel | None",
    *,
    vault: Vault,
    careful: "Model | BaseChatModel",
) -> Served:
    """Return what plans: *planner* if there is one, else the one model that is set if one is."""
    endpoint = settings.model
    if planner is not None or endpoint is None:
        return Served(model=planner or careful, longest_answer=LONGEST_ANSWER)
    # What every endpoint knows: neither vLLM's salts nor calls within their schemas
    entry = ModelEntry.model_validate(
        {
            "url": endpoint.url,
            "name": endpoint.name,
            "plain_http": endpoint.plain_http,
            "answer_s": endpoint.answer_s,
            "strict": False,
            "salted": False,
        }
    )
    return Served(
        model=_endpoint(
            settings, entry, endpoint.url, key=SecretStr(endpoint.key), vault=vault
        ),
        longest_answer=LONGEST_ANSWER,
        micro_per_million=endpoint.price,
        answer_s=endpoint.answer_s,
        clearance=endpoint.clearance,
        takes=frozenset(endpoint.takes),
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
        key = _key(os.environ, entry.key_variable)
        model = _endpoint(settings, entry, entry.url, key=key, vault=vault)
    if entry.pool:
        places = _Pool(settings=settings, entry=entry, vault=vault)
    served = Served(
        model=model,
        longest_answer=entry.longest_answer,
        micro_per_million=entry.price,
        known_micro_per_million=entry.known_price,
        answer_s=entry.answer_s,
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
        secret = _key(os.environ, self._entry.key_variable)
        return [
            _endpoint(
                self._settings,
                self._entry,
                replica.url,
                key=secret,
                vault=self._vault,
            )
            for replica in ready
        ]


def _endpoint(
    settings: Settings,
    entry: ModelEntry,
    url: str,
    *,
    key: SecretStr,
    vault: Vault,
) -> "EndpointModel":
    from interlock.tools.models.openai import BOUNDS, EndpointModel  # noqa: PLC0415 - imports that a scripted planner does without

    def salt(tenant: str) -> str:
        # Whoever runs one endpoint cannot use what they see of a salt at another one.
        return vault.mark(_SALT, canonical([url, tenant])).hex()

    return EndpointModel(
        endpoint=Destination.parse(
            url, reach="any", plain_http=entry.plain_http, proxy=settings.proxy
        ),
        served=entry.name,
        key=key,
        longest_answer=entry.longest_answer,
        bounds=replace(
            BOUNDS,
            total_s=entry.answer_s,
            first_s=_FIRST_S if entry.streams else None,
        ),
        streams=entry.streams,
        strict=entry.strict,
        salt=salt if entry.salted else None,
    )


def _key(variables: Mapping[str, str], name: str) -> SecretStr:
    return SecretStr(variables.get(name, _NO_KEY) if name else _NO_KEY)
