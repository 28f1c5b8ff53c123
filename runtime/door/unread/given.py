"""What a proposal is given unread: each handle among its arguments, followed to what it holds.

The runtime follows handles after the proposal and before the decision. So the policy judges the
value itself, with its label, and a person who is asked sees the value and approves the value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from sqlalchemy import Connection

from interlock.runtime.canonical import DEEPEST, Written
from interlock.runtime.door.plan.expression import NOTHING, Evaluation, compiled
from interlock.runtime.door.unread.handle import (
    Handle,
    NotFollowed,
    Reference,
    handle_of,
    reference_of,
)
from interlock.runtime.door.unread.kept import Kept, read_kept
from interlock.runtime.errors import NotCanonical, Tampered
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import Fault
from interlock.runtime.record.store import Store
from interlock.runtime.record.vault import DataKey, Vault
from interlock.runtime.run.run import Run

#: Bytes of the largest result that is followed, and of all values of one proposal together
LARGEST: Final = 262_144
#: Handles that are followed in one proposal: each is looked for in the ledger
MOST_HANDLES: Final = 64
#: Characters of the longest expression
LONGEST: Final = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """The arguments of a proposal, with what stands unread in the place of each handle."""

    arguments: Mapping[str, Any]
    #: The same as they were proposed, with the handles: all that may go back to the planner
    asked: Mapping[str, Any]
    #: The result is to stay unread, too
    kept: bool = False
    #: The label of what stands unread in an argument, by the argument's name
    labels: Mapping[str, Label] = field(default_factory=dict)
    fault: Fault = ""


class Handles:
    """Follows the handles of one home's runs; lives with the door, and holds nothing itself."""

    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
    ) -> None:
        self._store = store
        self._vault = vault

    async def given(
        self,
        run: Run,
        arguments: Mapping[str, Any],
        *,
        kept: bool,
    ) -> Given | None:
        """Return what a proposal of *run* is given; with a fault where a handle leads to nothing.

        None for an ordinary call, which has to do with nothing unread.

        Only a result of this run that stayed unread is found, whoever else has one (fails closed).
        """
        plain = Given(arguments=arguments, asked=arguments, kept=kept)
        if not _has_handle(arguments):
            return plain if kept else None
        await self._store.durable(run.claim)
        key = self._vault.known(run.id)

        def look(connection: Connection) -> Given:
            return _followed(plain, Following(connection, run, key))

        return await self._store.read(look)

    async def handle(
        self,
        run: Run,
        action: str,
        *,
        tool: str,
    ) -> Handle:
        """Return the handle of what an action gave; raises `Tampered` where there is no such."""
        await self._store.durable(run.claim)
        key = self._vault.known(run.id)
        kept = await self._store.read(
            lambda connection: read_kept(connection, run, action, key=key)
        )
        if kept is None:
            raise Tampered(what=f"action {action}", why="its unread result is gone")
        return handle_of(action, tool, kept.result, label=kept.label, key=key)


class Following:
    """Follows the handles of one proposal within one bound of work."""

    def __init__(
        self,
        connection: Connection,
        run: Run,
        key: DataKey,
    ) -> None:
        self._connection = connection
        self._run = run
        self._key = key
        self._evaluation = Evaluation()
        self._handles_left = MOST_HANDLES
        self._bytes_left = LARGEST

    def value(
        self,
        value: Any,
        labels: list[Label],
        depth: int = 0,
    ) -> Any:
        """Return a part of an argument with its handles followed, and add their labels.

        Raises `NotFollowed`. What a handle holds is data: a handle that stands there is none.
        """
        reference = reference_of(value)
        if reference is not None:
            kept = self._kept(reference)
            labels.append(kept.label)
            return self._part(orjson.loads(kept.result), reference.of)
        if depth > DEEPEST:
            return value
        if isinstance(value, Mapping):
            return {
                name: self.value(item, labels, depth + 1)
                for name, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.value(item, labels, depth + 1) for item in value]
        return value

    def _kept(
        self,
        reference: Reference,
    ) -> Kept:
        if not self._handles_left:
            raise NotFollowed("too_large")
        self._handles_left -= 1
        kept = read_kept(
            self._connection,
            self._run,
            reference.action,
            key=self._key,
        )
        if kept is None:
            raise NotFollowed("unknown")
        if len(kept.result) > LARGEST:
            raise NotFollowed("too_large")
        return kept

    def _part(
        self,
        value: Any,
        of: str,
    ) -> Any:
        """Return what an expression gives over a result; the whole result without one."""
        part = value
        if of:
            _refuse_malformed(of)
            part = self._evaluation.value(of, value)
        if part is NOTHING:
            raise NotFollowed("empty")
        self._bytes_left -= _refuse_uncanonical(part)
        if self._bytes_left < 0:
            raise NotFollowed("too_large")
        return part


def _followed(
    plain: Given,
    following: Following,
) -> Given:
    """Return the proposal with all handles followed, or with the first fault."""
    arguments: dict[str, Any] = {}
    labels: dict[str, Label] = {}
    try:
        _refuse_uncanonical(plain.asked)
        for name, value in plain.asked.items():
            parts: list[Label] = []
            arguments[name] = following.value(value, parts)
            if parts:
                labels[name] = _joined(parts)
    except NotFollowed as error:
        return Given(
            arguments=plain.asked,
            asked=plain.asked,
            kept=plain.kept,
            fault=error.fault,
        )
    return Given(
        arguments=arguments,
        asked=plain.asked,
        kept=plain.kept,
        labels=labels,
    )


def _joined(labels: Sequence[Label]) -> Label:
    first, *others = labels
    for label in others:
        first = first.join(label)
    return first


def _refuse_uncanonical(value: Any) -> int:
    """Return the bytes of a value; raises `NotFollowed` for what no record could hold."""
    try:
        return len(Written(value).text)
    except NotCanonical as error:
        raise NotFollowed("malformed") from error


def _refuse_malformed(of: str) -> None:
    if len(of) > LONGEST:
        raise NotFollowed("malformed")
    try:
        compiled(of)
    except ValueError as error:
        raise NotFollowed("malformed") from error


def _has_handle(value: Any, depth: int = 0) -> bool:
    """Whether a handle stands in arguments; what is nested more deeply fits no tool anyway."""
    if depth > DEEPEST:
        return False
    try:
        if reference_of(value) is not None:
            return True
    except NotFollowed:
        return True
    items = value.values() if isinstance(value, Mapping) else value
    if not isinstance(value, Mapping | list | tuple):
        return False
    return any(_has_handle(item, depth + 1) for item in items)
