"""The labels of arguments: each leaf is proved by value from what no planner can write.

An argument is as good as its worst leaf. What is proved by nothing is the agent's own word, and may
have been computed from whatever the run has read, so its label joins both (fails closed).
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from interlock.runtime.canonical import Json, canonical
from interlock.runtime.door.plan.proofs import PlanProofs
from interlock.runtime.door.plan.proved import Proved
from interlock.runtime.door.results import Results
from interlock.runtime.door.schema import closed, defaults, fields
from interlock.runtime.door.tool import AnyTool
from interlock.runtime.policy.actionable import actionable
from interlock.runtime.policy.asked import Asked
from interlock.runtime.policy.elsewhere import is_elsewhere
from interlock.runtime.policy.label import (
    PLANNED,
    PRINCIPAL,
    TRUSTED,
    UNVOUCHED,
    Label,
)
from interlock.runtime.policy.use import Use, use_of
from interlock.runtime.policy.words import Words

#: Leaves of one proposal that are looked for in the words; no more are proved so
MOST_LEAVES: Final = 1_000
#: Sources of one argument that are told apart
MOST_SOURCES: Final = 32
#: Values that say nothing, and leaves that do not
_EMPTY: Final[tuple[Json, ...]] = (None, "", [], {})
_NOTHING: Final = (None, "")
CONFIGURED: Final = Label(
    integrity="trusted", confidentiality="public", sources=("schema",)
)
PLANNED_PART: Final = Label(
    integrity="trusted", confidentiality="public", sources=(PLANNED,)
)


class Proofs:
    """What the arguments of one proposal are proved by: the request, and the tool's own schema."""

    def __init__(
        self,
        *,
        request: Mapping[str, Json],
        words: Words,
        asked: Callable[[], Asked],
        tool: AnyTool | None,
        run_label: Label,
        results: Callable[[], Results],
        plan: Callable[[Results], PlanProofs | None] | None,
        unread: Mapping[str, Label] | None = None,
    ) -> None:
        self._whole = {leaf for value in request.values() for leaf in _leaves(value)}
        self._words = words
        #: Which part of the words asks for what
        self.asked = asked
        schema: Any = None if tool is None else tool.arguments
        self._defaults = {} if tool is None else defaults(schema)
        self._fields = frozenset() if tool is None else fields(schema)
        self._takes = {} if tool is None else tool.takes
        self._closed = frozenset() if tool is None else closed(schema)
        self._tool = tool
        self._read = results
        self._read_plan = plan
        self._own_word = run_label.join(UNVOUCHED)
        #: The label of what stands unread in an argument, by the argument's name
        self._unread = unread or {}
        self._left = MOST_LEAVES

    def labels(
        self,
        arguments: Mapping[str, Json],
    ) -> dict[str, Label]:
        """Return the label of each argument.

        A leaf is trusted where it is a whole leaf of the request or stands in the principal's
        words; an argument is, too, where it is what the tool's schema says without being asked.
        Where a tool has shown the leaf, the label is what the declared fields of the tool prove.
        A number that the words say of another name than the call's is the agent's own word.
        """
        labels = {name: self._of(name, value) for name, value in arguments.items()}
        said = {name for name, label in labels.items() if _is_said(label)}
        names = [
            leaf
            for name in said
            if self._is_destination(name)
            for _, leaf, _ in _typed(arguments[name])
        ]
        for name in said:
            if not all(self._words.is_of(arguments[name], called) for called in names):
                labels[name] = self._word_of(name)
        return labels

    def names(
        self,
        name: str,
        value: Json,
    ) -> Iterator[frozenset[str]]:
        """Yield for each leaf of an argument the names by which the words may speak of the leaf."""
        taken = self._takes.get(name, "")
        for _, leaf, _ in _typed(value, known=self._fields):
            is_said = isinstance(leaf, str) and self._words.source(leaf) is not None
            yield (
                frozenset([f"{leaf}"])
                if is_said
                else self._results.names_of(leaf, taken)
            )

    def _is_destination(self, name: str) -> bool:
        use = self.use(name, name)
        return use is not None and use.is_destination

    @cached_property
    def plan(self) -> PlanProofs | None:
        """What the run's plan proves; None where the run has stated none."""
        return None if self._read_plan is None else self._read_plan(self._results)

    def planned(
        self,
        arguments: Mapping[str, Json],
        *,
        action: str,
    ) -> Proved:
        """Return what the plan proves of the call; nothing where there is no plan or no tool."""
        if self.plan is None or self._tool is None:
            return Proved()
        return self.plan.call(self._tool, arguments, action=action)

    def actionable(
        self,
        arguments: Mapping[str, Json],
        labels: Mapping[str, Label],
    ) -> dict[str, Label]:
        """Return for each argument the label of what in its texts can be acted on.

        An argument without such content is trusted in this, whatever its *labels* say of the rest.
        """
        return {
            name: self._content(name, value, whole=labels[name])
            for name, value in arguments.items()
        }

    def _of(
        self,
        name: str,
        value: Json,
    ) -> Label:
        if self._is_default(name, value):
            return CONFIGURED
        leaves = list(_typed(value, known=self._fields))
        word = self._word_of(name)
        if all(leaf in _NOTHING for _, leaf, _ in leaves):
            return word  # nobody said to leave it out
        if all(kind in self._whole for kind, _, _ in leaves):
            return TRUSTED
        taken = self._takes.get(name, "")
        return _joined(
            [
                self._leaf(kind, leaf, word, taken, self.use(field or name, name))
                for kind, leaf, field in leaves
            ]
        )

    def _word_of(self, name: str) -> Label:
        """Return the label of what nothing proves: the agent's word, and what it never read."""
        unread = self._unread.get(name)
        return self._own_word if unread is None else self._own_word.join(unread)

    def elsewhere(
        self,
        arguments: Mapping[str, Json],
        labels: Mapping[str, Label],
    ) -> tuple[str, ...]:
        """Return the arguments that take an account of a stranger's where the words say another."""
        return tuple(
            name
            for name, value in arguments.items()
            if labels[name].integrity == "untrusted" and self._is_elsewhere(name, value)
        )

    def _is_elsewhere(
        self,
        name: str,
        value: Json,
    ) -> bool:
        use = self.use(name, name)
        return use is not None and any(
            isinstance(leaf, str) and is_elsewhere(self._words, use, leaf)
            for _, leaf, _ in _typed(value, known=self._fields)
        )

    def use(self, field: str, name: str) -> Use | None:
        """Return for what an effect takes a value; what only looks takes any that is said."""
        if self._tool is None or not self._tool.has_effect:
            return None
        kind = self._takes.get(name, "")
        return use_of((field, kind), is_closed=name in self._closed)

    def _leaf(
        self,
        kind: str,
        leaf: Json,
        word: Label,
        taken: str = "",
        use: Use | None = None,
    ) -> Label:
        if kind in self._whole:
            return TRUSTED
        return self._said(leaf, taken, use) or word

    def _said(
        self,
        leaf: Json,
        taken: str,
        use: Use | None,
    ) -> Label | None:
        self._left -= 1
        if self._left < 0:
            return None
        source = self._words.source(leaf, use)
        if source is None:
            return self._results.label(leaf, taken, use)
        return Label(
            integrity="trusted",
            confidentiality="public",
            sources=(source,),
        )

    @cached_property
    def _results(self) -> Results:
        return self._read()

    def _content(
        self,
        name: str,
        value: Json,
        *,
        whole: Label,
    ) -> Label:
        if whole.integrity == "trusted":
            return TRUSTED
        parts: list[Label] = []
        for _, leaf, _ in _typed(value, known=self._fields):
            if not isinstance(leaf, str):
                continue
            content = actionable(leaf)
            if content is None:
                return whole
            shown = self._results.label(leaf, "") if content else None
            if shown is not None and shown.integrity != "untrusted":
                parts.append(shown)
                continue
            parts += [self._part(part, self._word_of(name)) for part in content]
        return _joined(parts)

    def _part(
        self,
        part: str,
        word: Label,
    ) -> Label:
        if self.plan is not None and part in self.plan.texts:
            return PLANNED_PART
        return self._leaf(f"str:{part}", part, word)

    def _is_default(
        self,
        name: str,
        value: Json,
    ) -> bool:
        written = self._defaults.get(name)
        if written is None:
            return False
        is_empty = value in _EMPTY
        return written == canonical({name: value}) or (
            is_empty and written in {canonical({name: empty}) for empty in _EMPTY}
        )


def _is_said(label: Label) -> bool:
    """Whether a value is trusted as the words say it."""
    return label.integrity == "trusted" and any(
        source.startswith(f"{PRINCIPAL}:") for source in label.sources
    )


def _joined(labels: list[Label]) -> Label:
    joined = Label(
        integrity="trusted",
        confidentiality="public",
    )
    for label in set(labels):
        joined = joined.join(label)
    if not joined.sources:
        return TRUSTED
    return joined if len(joined.sources) <= MOST_SOURCES else joined.at_large


def _leaves(value: Json) -> Iterator[str]:
    for kind, _, _ in _typed(value):
        yield kind


def _typed(
    value: Any,
    *,
    known: frozenset[str] = frozenset(),
    field: str = "",
) -> Iterator[tuple[str, Json, str]]:
    """Yield every key, text, number and other leaf of a value, each with its type in words.

    Keys that are *known* are the names of fields: nobody chose them. The nearest one comes with
    each leaf; empty where there is none.
    """
    if isinstance(value, Mapping):
        for name, item in value.items():
            is_known = name in known
            if not is_known:
                yield f"str:{name}", name, field
            yield from _typed(item, known=known, field=name if is_known else field)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _typed(item, known=known, field=field)
    else:
        yield f"{type(value).__name__}:{value}", value, field
