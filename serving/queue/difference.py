"""What is other now than what a person was shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from interlock.runtime.canonical import canonical
from interlock.serving.queue.hidden import Part, parts


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One field, as it was shown and as it is now."""

    field: str
    before: tuple[Part, ...]
    now: tuple[Part, ...]


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """Return every field that differs, arguments one by one, in the order of their names."""
    old = _flat(before)
    new = _flat(now)
    return [
        Change(
            field=name,
            before=tuple(parts(old.get(name, ""))),
            now=tuple(parts(new.get(name, ""))),
        )
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def _flat(evidence: Mapping[str, Any]) -> dict[str, str]:
    fields = {name: value for name, value in evidence.items() if name != "arguments"}
    arguments = evidence.get("arguments", {})
    fields |= {f"arguments.{name}": value for name, value in arguments.items()}
    return {name: _text(value) for name, value in fields.items()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else canonical(value).decode()
