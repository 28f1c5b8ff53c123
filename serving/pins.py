"""What a run is pinned to in a home, beside the policy and its tools.

Two homes on one database can plan, find and send by other means. A run stays with the means it was
started with, so that "sent" says the same wherever it is resumed.
"""

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

from interlock.runtime.canonical import Json, digest
from interlock.runtime.errors import GuardFailed
from interlock.serving.models.entry import ANALYST, PLANNER, ModelEntry
from interlock.serving.settings import Settings
from interlock.tools import files
from interlock.tools.contracts.clauses.provenance import (
    SHIPPED,
    ArtefactError,
    Provenance,
)
from interlock.tools.contracts.risk import Playbooks

#: Names the outbox of one home, and of every copy of the home
_NAME: Final = "outbox.id"


def expected(settings: Settings) -> dict[str, str]:
    """Return the pins of a home that is not open, as far as nothing has to be opened for them.

    The tools are left out: their digest needs every agent and every server of tools. Raises
    `BadInput` for a playbook and `GuardFailed` for a model of clauses that cannot be used.
    """
    try:
        finder = Provenance.verified(SHIPPED)
    except ArtefactError as error:
        raise GuardFailed(
            guard="clause finder", why=str(error), next_step="Install Interlock anew."
        ) from error
    playbooks = Playbooks.read(settings.playbooks, categories=finder.categories)
    return pinned(settings, playbooks, finder=finder.version, planner=None)


def pinned(
    settings: Settings,
    playbooks: Playbooks,
    *,
    finder: str,
    planner: Callable[..., Any] | None,
) -> dict[str, str]:
    """Return the pins by name, in words that a reviewer can read; no secret is among them."""
    those: dict[str, Json] = {
        name: playbooks.named(name).digest for name in playbooks.names
    }
    return {
        "planner": _planner(settings, planner),
        "transport": _transport(settings),
        "sender": settings.sender,
        "finder": finder,
        "playbooks": digest(those),
    }


def _planner(settings: Settings, planner: Callable[..., Any] | None) -> str:
    """Return which models plan, in words: a model of the analyst's own is named beside."""
    own = settings.models.get(ANALYST, {})
    beside = f"; {ANALYST} {_places(own)}" if own else ""
    if planner is not None:
        return getattr(planner, "__qualname__", type(planner).__name__) + beside
    entries = settings.models.get(PLANNER, {})
    if entries:
        return _places(entries) + beside
    entry = settings.model
    return f"{entry.place if entry else 'careful'}{beside}"


def _places(entries: Mapping[str, ModelEntry]) -> str:
    """Return where the models behind one name are.

    Weights move from release to release; where the data may go does not.
    """
    return "; ".join(f"{name}: {entries[name].place}" for name in sorted(entries))


def _transport(settings: Settings) -> str:
    if settings.smtp is not None:
        return f"smtp {settings.smtp}"
    file = settings.home / _NAME
    if not file.exists():
        files.write(file, f"{secrets.token_hex(8)}\n".encode())
    return f"folder {file.read_text('ascii').strip()}"
