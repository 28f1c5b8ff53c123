"""The models that the settings name, as the door's tool asks them."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretStr

from interlock.runtime.canonical import canonical
from interlock.runtime.errors import BadInput
from interlock.runtime.record.vault import Vault
from interlock.serving.models.entry import (
    ANALYST,
    LONGEST_ANSWER,
    PLANNER,
    READER,
    ModelEntry,
)
from interlock.serving.models.unsure import without_model
from interlock.serving.section import fits_a_header
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
        for alias, entries in _entries(settings).items()
    }
    if planner is not None or PLANNER not in aliases:
        aliases[PLANNER] = [_in_process(PLANNER, planner or careful)]
    if planner is not None:
        aliases[ANALYST] = [_in_process(ANALYST, planner)]
    if READER in aliases:
        aliases[READER].append(without_model())
    return Router(aliases, weights=weights)


def _entries(settings: Settings) -> dict[str, Mapping[str, ModelEntry]]:
    """Return the models behind each name: the single one plans, and answers where no other does.

    Without a model nobody is the analyst: no rule pretends to understand a question.
    """
    models: dict[str, Mapping[str, ModelEntry]] = dict(settings.models)
    single = settings.model
    if single is None:
        return models
    return {ANALYST: {ANALYST: single}} | models | {PLANNER: {PLANNER: single}}


def _in_process(name: str, model: "Model | BaseChatModel") -> Candidate:
    return Candidate(
        name=name, served=Served(model=model, longest_answer=LONGEST_ANSWER)
    )


def _candidate(
    settings: Settings,
    name: str,
    entry: ModelEntry,
    *,
    vault: Vault,
    careful: "Model | BaseChatModel",
) -> Candidate:
    places = None
    if entry.pool:
        places = _Pool(settings=settings, entry=entry, vault=vault)
    return Candidate(
        name=name,
        served=_served(settings, entry, vault=vault, careful=careful),
        weight=0 if entry.fallback else entry.weight,
        region=entry.region,
        is_fallback=entry.fallback,
        places=places,
    )


def _served(
    settings: Settings,
    entry: ModelEntry,
    *,
    vault: Vault,
    careful: "Model | BaseChatModel",
) -> Served:
    model: Any = careful
    if entry.url is not None:
        key = _key(os.environ, entry.key_variable)
        model = _endpoint(settings, entry, entry.url, key=key, vault=vault)
    return Served(
        model=model,
        longest_answer=entry.longest_answer,
        micro_per_million=entry.price,
        known_micro_per_million=entry.known_price,
        answer_s=entry.answer_s,
        clearance="confidential" if entry.embedded else entry.clearance,
        takes=frozenset(entry.takes),
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
    """Return the key that the variable *name* holds; raises `BadInput` where it fits no header."""
    try:
        return SecretStr(fits_a_header(variables.get(name, _NO_KEY)))
    except ValueError as error:
        raise BadInput(
            what=f"the variable {name}, a key of a model",
            why=str(error),
            next_step="Set the variable to the key alone.",
        ) from error
