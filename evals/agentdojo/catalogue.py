"""What the operator states of the tools: read from `tools.yaml`, which knows no task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

import yaml

from interlock.runtime.door.fields import Fields, Writer
from interlock.runtime.policy.label import Confidentiality, Integrity, Label
from interlock.runtime.policy.request import ActionClass

FILE: Final = Path(__file__).resolve().parent / "tools.yaml"
Egress: TypeAlias = Literal["none", "mcp"]


@dataclass(frozen=True, kw_only=True, slots=True)
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
    #: What the result shows, and who may write it
    fields: Fields
    #: Argument -> the kind of object whose number it takes
    takes: Mapping[str, str]
    #: The arguments for which a part of what our house wrote will do
    chosen: tuple[str, ...]
    #: Argument -> the value that allows least
    least: Mapping[str, Any]

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
    effects = document["effects"]
    return {
        name: _declared(
            name,
            entry,
            document,
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
    document: Mapping[str, Any],
    effect: Sequence[str],
) -> Declared:
    own = entry["result"]
    is_many = isinstance(own, list)
    shown = own[0] if is_many else own
    writers = document["results"][shown]
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
        fields=_fields(
            entry,
            writers,
            document["objects"].get(shown, {}),
            place="value.*" if is_many else "value",
        ),
        takes=entry.get("takes", {}),
        chosen=tuple(entry.get("chosen", ())),
        least=entry.get("least", {}),
    )


def _fields(
    entry: Mapping[str, Any],
    writers: Mapping[str, Writer],
    stated: Mapping[str, Any],
    *,
    place: str,
) -> Fields:
    """Return what the result shows; what a field holds is written by whoever writes the field."""
    within = {f"{name}.*": writer for name, writer in writers.items()}
    finds = entry.get("finds")
    return Fields(
        writers={**writers, **within} | entry.get("sent", {}),
        records=place,
        kind=stated.get("kind", ""),
        names=tuple(stated.get("names", ())),
        id=stated.get("id", ""),
        finds=None if finds is None else tuple(finds),
        narrows=tuple(entry.get("narrows", ())),
        adds=stated.get("adds", "anyone"),
        shows_all=entry.get("shows_all", False),
        made_by=stated.get("made_by", ""),
        added_by=entry.get("added_by", stated.get("added_by", "")),
        own=tuple(stated.get("own", ())),
        of=entry.get("of", stated.get("of", "objects")),
    )
