"""What the operator states of the tools: read from `tools.yaml`, which knows no task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

import yaml

from interlock.runtime.policy.label import Confidentiality, Integrity, Label
from interlock.runtime.policy.request import ActionClass

FILE: Final = Path(__file__).resolve().parent / "tools.yaml"
#: Who may write a field of what a tool returns
Writer: TypeAlias = Literal["system", "owner", "house", "anyone"]
Egress: TypeAlias = Literal["none", "mcp"]


@dataclass(
    frozen=True,
    kw_only=True,
    slots=True,
)
class Declared:
    """What the operator states of one tool."""

    name: str
    action_class: ActionClass
    #: The kinds of effect that the words of a request must ask for
    effect: tuple[str, ...]
    egress: Egress
    clearance: Confidentiality
    #: The arguments that say whom or what an effect is aimed at
    destinations: tuple[str, ...]
    #: The arguments that say how much, or under which name
    critical: tuple[str, ...]
    secrecy: Confidentiality
    #: Field of the result -> who may write it
    writers: Mapping[str, Writer]

    @property
    def sensitive(self) -> tuple[str, ...]:
        """The arguments that the principal must vouch for."""
        return *self.destinations, *self.critical

    @property
    def integrity(self) -> Integrity:
        """The integrity of the whole result: as bad as that of its worst field."""
        return "untrusted" if "anyone" in self.writers.values() else "trusted"

    @property
    def label(self) -> Label:
        """The label of the whole result."""
        return Label(
            integrity=self.integrity,
            confidentiality=self.secrecy,
            sources=(f"tool:{self.name}",),
        )


@cache
def declared() -> Mapping[str, Declared]:
    """Return what the operator states, by the name of the tool; raises ValueError for a mistake."""
    document = yaml.safe_load(FILE.read_text("utf-8"))
    results = document["results"]
    effects = document["effects"]
    return {
        name: _declared(
            name,
            entry,
            results[entry["result"]],
            [kind for kind, names in effects.items() if name in names],
        )
        for name, entry in document["tools"].items()
    }


def has_effect(name: str) -> bool:
    """Whether the tool changes something, or whoever is asked outside sees what for."""
    own = declared()[name]
    return own.action_class not in {"read", "pure"} or own.egress != "none"


def changes(name: str) -> bool:
    """Whether the tool changes something."""
    return declared()[name].action_class not in {"read", "pure"}


def _declared(
    name: str,
    entry: Mapping[str, Any],
    writers: Mapping[str, Writer],
    effect: Sequence[str],
) -> Declared:
    unknown = set(writers.values()) - set(get_args(Writer))
    if unknown:
        raise ValueError(f"{name}: nobody is called {min(unknown)!r}")
    return Declared(
        name=name,
        action_class=entry["class"],
        effect=tuple(effect),
        egress=entry.get("egress", "none"),
        clearance=entry.get("clearance", "public"),
        destinations=tuple(entry.get("destinations", ())),
        critical=tuple(entry.get("critical", ())),
        secrecy=entry["secrecy"],
        writers=writers,
    )
