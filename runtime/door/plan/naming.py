"""Naming: which names of a run's objects point to one object each, whoever wrote the name."""

from collections import defaultdict
from functools import cached_property
from typing import TypeAlias

from interlock.runtime.door.plan.reference import Reference
from interlock.runtime.door.results import Results
from interlock.runtime.door.shown import Shown
from interlock.runtime.policy.actionable import actionable
from interlock.runtime.policy.boundary import folded

#: A kind, and a name as it is compared
_Name: TypeAlias = tuple[str, str]


class Naming:
    """The names in the results of one run."""

    def __init__(
        self,
        results: Results,
    ) -> None:
        self._results = results

    def reference(
        self,
        name: str,
        shown: Shown,
        *,
        is_all: bool,
    ) -> Reference:
        """Return the reference that a name of a record is; *is_all* for a record that is a name.

        It points to no object where another object may have the name, where the run itself may have
        written it without proof, and where it is an address, a link or an account (fails closed).
        """
        kind = shown.record.kind
        is_clear = (
            bool(kind)
            and kind not in self._results.seen.unclear
            and self._is_alone((kind, folded(name)))
            and not self._is_given(name, shown)
            and actionable(name) == []
        )
        is_whole = is_all or (kind, folded(name)) in self._complete
        return Reference(
            name=name,
            kind=kind if is_clear and is_whole else "",
            is_clear=is_clear,
            whole=shown.whole,
        )

    @cached_property
    def _complete(self) -> set[_Name]:
        """The names of which a call showed every object that there is."""
        return {
            (one.record.kind, folded(name))
            for one in self._results.seen.shown
            for name in one.names
        }

    @cached_property
    def _bearers(self) -> dict[_Name, dict[str, list[str]]]:
        """Which objects bear a name, by the action that showed them."""
        bearers: dict[_Name, dict[str, list[str]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for one in self._results.seen.shown:
            record = one.record
            for name in set(map(folded, record.names)):
                bearers[record.kind, name][one.action].append(
                    record.id and record.identity
                )
        return bearers

    def _is_alone(
        self,
        name: _Name,
    ) -> bool:
        """Whether one object alone bears the name; two without an id are two."""
        bearers = self._bearers[name].values()
        identities = {identity for shown in bearers for identity in shown}
        is_twice = any(len(shown) > 1 for shown in bearers) and "" in identities
        return len(identities) == 1 and not is_twice

    def _is_given(
        self,
        name: str,
        shown: Shown,
    ) -> bool:
        """Whether the run may have given the name to something, before or since, without proof."""
        return self._results.is_sent(name, shown) or any(
            one.has_effect and folded(name) in one.unproved
            for one in self._results.seen.sent
        )
