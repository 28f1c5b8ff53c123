"""What the actions of a run sent, as the ledger's sealed entries have it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any, Final

import orjson

from interlock.runtime.door.remembered import remembered
from interlock.runtime.policy.boundary import folded
from interlock.runtime.policy.moments import number_of
from interlock.runtime.record.logs import kept_at
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run.run import Run

#: The labels of a run that has read nothing but what somebody vouches for
_CLEAN: Final = frozenset({"trusted", "unvouched"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """What one action sent: all of it, and what of it was proved by nothing."""

    action: str
    seq: int
    #: The action changes something, so what it sent may come back in any later result
    has_effect: bool
    texts: frozenset[str]
    unproved: frozenset[str]
    #: The numbers among what was proved by nothing
    numbers: frozenset[Decimal] = frozenset()
    tool: str = ""
    #: What the action was given, without what was left out
    arguments: Mapping[str, Any] = field(default_factory=dict)
    #: All that the action was given
    asked: Mapping[str, Any] = field(default_factory=dict)
    #: Every argument was trusted
    is_proved: bool = False
    #: The run had read nothing untrusted, and the action held nothing unread, when decided
    is_clean: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One entry of the ledger on an action; an outcome says what became of what was sent before."""

    action: str
    seq: int
    #: Where the action stands from then on
    state: str
    sent: Sent | None = None


def entry_of(
    row: Any,
    run: Run,
    key: DataKey,
) -> Entry:
    """Return an entry as it was sealed; raises `Tampered` for what was not sealed there."""
    if row["what"] == "outcome" or row["sealed"] is None:
        return _entry(row, run, key)
    return remembered(
        key,
        kept_at(run.tenant, row["seq"]),
        row["sealed"] + row["body"],
        partial(_entry, row, run, key),
    )


def _entry(
    row: Any,
    run: Run,
    key: DataKey,
) -> Entry:
    body = orjson.loads(row["body"])
    seq = row["seq"]
    sent: Sent | None = None
    if row["what"] != "outcome" and row["sealed"] is not None:
        asked = orjson.loads(key.open(row["sealed"], place=kept_at(run.tenant, seq)))
        sent = _sent(row, body, asked)
    return Entry(action=body["action"], seq=seq, state=body["state"], sent=sent)


def _sent(
    row: Any,
    body: Mapping[str, Any],
    asked: Mapping[str, Any],
) -> Sent:
    context = asked["context"]
    arguments = asked["arguments"]
    unproved = {
        name: value
        for name, value in arguments.items()
        if context["labels"].get(name, {}).get("integrity") != "trusted"
    }
    texts = frozenset(map(folded, _texts(list(unproved.values()))))
    return Sent(
        action=body["action"],
        tool=body["tool"],
        seq=row["seq"],
        has_effect=row["what"] == "intent",
        texts=frozenset(map(folded, _texts(list(arguments.values())))),
        unproved=texts,
        numbers=frozenset(
            number for text in texts if (number := number_of(text)) is not None
        ),
        arguments={
            name: value
            for name, value in arguments.items()
            if value not in (None, "", [])
        },
        asked=arguments,
        is_proved=not unproved,
        is_clean=_integrity(context) in _CLEAN and not _is_given_unread(context),
    )


def _integrity(context: Mapping[str, Any]) -> str | None:
    """Return the integrity of what the run had read; None where nobody knows."""
    label = context["run"].get("label")
    return None if label is None else label["integrity"]


def _is_given_unread(context: Mapping[str, Any]) -> bool:
    """Whether the action held what nobody had read; none did before that was a fact."""
    return bool(context.get("unread", {}).get("given"))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield name
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
