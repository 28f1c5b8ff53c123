"""The arguments of an action as a page shows them: whole, exact, and with what is known of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from interlock.runtime.canonical import Json, canonical
from interlock.serving.queue.hidden import Part, has_hidden, parts
from interlock.serving.queue.words import CONFIDENTIALITY, INTEGRITY


@dataclass(frozen=True, kw_only=True, slots=True)
class Argument:
    """One argument: its values, where it came from, and who may see it."""

    name: str
    #: One text for each value: a list has several, and an empty one none
    values: tuple[tuple[Part, ...], ...]
    integrity: str
    confidentiality: str
    #: In words
    origin: str
    secrecy: str
    has_hidden: bool


def arguments(evidence: Mapping[str, Any]) -> list[Argument]:
    """Return the arguments in the order of their names."""
    labels = evidence["labels"]
    return [
        _argument(name, value, labels.get(name, ("untrusted", "confidential")))
        for name, value in sorted(evidence["arguments"].items())
    ]


def exact(evidence: Mapping[str, Any]) -> list[Part]:
    """Return the canonical JSON of the arguments: what is approved, byte for byte."""
    return parts(canonical(evidence["arguments"]).decode())


def proposed(proposal: Mapping[str, Json]) -> list[tuple[str, list[Part]]]:
    """Return the arguments that a person would agree to: each name, and the value in a line."""
    return [
        (name, parts(", ".join(_texts(value))))
        for name, value in sorted(proposal.items())
    ]


def _argument(name: str, value: Json, label: tuple[str, str]) -> Argument:
    integrity, confidentiality = label
    texts = _texts(value)
    return Argument(
        name=name,
        values=tuple(tuple(parts(text)) for text in texts),
        integrity=integrity,
        confidentiality=confidentiality,
        origin=INTEGRITY.get(integrity, integrity),
        secrecy=CONFIDENTIALITY.get(confidentiality, confidentiality),
        has_hidden=any(map(has_hidden, texts)),
    )


def _texts(value: Json) -> list[str]:
    """Return a value as texts: words as they are, a list one item each, all else as JSON."""
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value if isinstance(value, str) else canonical(value).decode()]
