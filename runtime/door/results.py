"""Results: what the tools of a run have shown so far, as proofs of values.

Everything is read from what is recorded: results from the rows of done actions, and what was sent
from the ledger's sealed entries. So a proof outlives a restart, is sealed under the run's key, and
is erased with the run. A planner can add nothing to either but values of its own, and what the run
sent without proof proves nothing when it comes back (fails closed).
"""

import re
from collections import defaultdict
from functools import cached_property, lru_cache
from typing import Any, Final

from sqlalchemy import Connection

from interlock.runtime.canonical import Json
from interlock.runtime.door.calling import is_called_for
from interlock.runtime.door.fields import Writer
from interlock.runtime.door.leaves import key_of
from interlock.runtime.door.sent import Sent
from interlock.runtime.door.shown import Seen, Shown, read_seen
from interlock.runtime.door.tool import Tools
from interlock.runtime.policy.boundary import folded
from interlock.runtime.policy.label import Confidentiality, Integrity, Label
from interlock.runtime.policy.sameness import decimal_of
from interlock.runtime.policy.use import Use
from interlock.runtime.policy.words import Words
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run.run import Run

#: A shorter text says nothing by standing within another
SHORTEST: Final = 4
#: A shorter one does not by standing within another without blanks and signs
LONG: Final = 8
_SIGNS: Final = re.compile(r"[\W_]+")
#: The best first
_RANK: Final[tuple[Integrity, ...]] = ("trusted", "unvouched", "untrusted")


class Results:
    """The proofs of one run, as they were recorded at one moment; asked for by value."""

    def __init__(
        self,
        *,
        words: Words,
        confidentiality: Confidentiality,
        seen: Seen,
    ) -> None:
        self._words = words
        self._shown = seen.shown
        self._sent = [one for one in seen.sent if one.unproved]
        self._unclear = seen.unclear
        #: All that was seen
        self.seen = seen
        self.confidentiality = confidentiality

    def label(
        self,
        leaf: Json,
        taken: str,
        use: Use | None = None,
    ) -> Label | None:
        """Return the best label that a result proves for *leaf*, or None.

        With a *use* the words must call for what the object shows there: who owns a file that is
        spoken of gets nothing.

        A number proves as the id of an object alone, where such objects are *taken*: any two things
        may have one number.
        """
        if leaf is None:
            return None
        key = key_of(leaf, taken)
        labels = [
            self._label(
                one,
                pattern,
                writer,
                is_called=is_called_for(
                    self._words,
                    self.chosen_names(one),
                    one,
                    pattern,
                    taken=taken,
                    use=use,
                ),
            )
            for one in self._shown
            for pattern, writer, shown in one.record.proofs.get(key, ())
            if not self.is_sent(shown, one)
        ]
        return min(labels, key=_rank, default=None)

    def _label(
        self,
        shown: Shown,
        pattern: str,
        writer: Writer,
        *,
        is_called: bool,
    ) -> Label:
        is_chosen = is_called and self.is_chosen(shown)
        return Label(
            integrity=_integrity(writer, is_chosen=is_chosen),
            confidentiality=self.confidentiality,
            sources=(f"tool:{shown.tool}#{pattern}",),
        )

    @cached_property
    def _called(self) -> dict[tuple[str, str], set[str]]:
        """Which objects of a kind the run has seen under each name."""
        called: dict[tuple[str, str], set[str]] = defaultdict(set)
        for one in self._shown:
            for name in one.record.names:
                called[one.record.kind, folded(name)].add(one.record.identity)
        return called

    def is_chosen(
        self,
        shown: Shown,
    ) -> bool:
        """Whether the principal chose the record: it is his or hers, or is named, and alone.

        One that the run itself may have changed without proof is not chosen by its name.
        """
        record = shown.record
        if record.of == "principal":
            return True
        if not record.kind or record.kind in self._unclear:
            return False
        if any(_may_have_changed(one, shown) for one in self._reaching(shown)):
            return False
        return bool(self.chosen_names(shown))

    def chosen_names(
        self,
        shown: Shown,
    ) -> frozenset[str]:
        """Return by which names the words name the record, and no other one that was shown."""
        kind = shown.record.kind
        return frozenset(
            name
            for name in shown.names
            if len(self._called[kind, folded(name)]) == 1 and self._words.names(name)
        )

    def names_of(
        self,
        leaf: Json,
        taken: str,
    ) -> frozenset[str]:
        """Return by which names the words name the objects that show *leaf*."""
        key = key_of(leaf, taken)
        return frozenset(
            name
            for one in self._shown
            if key in one.record.proofs
            for name in self.chosen_names(one)
        )

    def is_named(
        self,
        name: str,
    ) -> bool:
        """Whether the words name somebody so."""
        return self._words.names(name)

    @property
    def measures(self) -> bool:
        """Whether the words leave a choice to what counts most."""
        return self._words.measures

    def is_sent(
        self,
        leaf: Any,
        shown: Shown,
    ) -> bool:
        """Whether a leaf of a record may be what the run itself sent without proof."""
        return _is_sent(leaf, self._reaching(shown))

    def is_touched(
        self,
        shown: Shown,
        *,
        is_made: bool,
    ) -> bool:
        """Whether an effect that carried anything without proof may have made or changed it.

        Any such effect may have *made* what the principal made: a system need not show it as it
        was sent.
        """
        effects = [one for one in self._reaching(shown) if one.has_effect]
        if is_made and effects:
            return True
        return any(_may_have_changed(one, shown) for one in effects) or any(
            _is_sent(leaf, effects) for _, _, leaf in shown.record.leaves
        )

    @cached_property
    def own(self) -> frozenset[str]:
        """What the system, our house or the principal wrote of the principal, as texts."""
        return frozenset(
            leaf
            for one in self._shown
            if one.record.of == "principal"
            for _, writer, leaf in one.record.leaves
            if isinstance(leaf, str) and writer != "anyone" and len(leaf) >= SHORTEST
            if not self.is_sent(leaf, one)
        )

    def _reaching(
        self,
        shown: Shown,
    ) -> list[Sent]:
        """Return what was sent that may come back in what was shown."""
        own = self._sent_by.get(shown.action, ())
        others = [one for one in self._effects if one.action != shown.action]
        return [*own, *(one for one in others if one.seq < shown.seq)]

    @cached_property
    def _effects(self) -> list[Sent]:
        return [one for one in self._sent if one.has_effect]

    @cached_property
    def _sent_by(self) -> dict[str, list[Sent]]:
        sent: dict[str, list[Sent]] = defaultdict(list)
        for one in self._sent:
            sent[one.action].append(one)
        return dict(sent)


def read_results(
    connection: Connection,
    run: Run,
    *,
    key: DataKey,
    tools: Tools,
    words: Words,
    run_label: Label,
    is_planned: bool,
) -> Results:
    """Return what the run's tools have shown, in one statement; raises as `read_seen` does."""
    seen = read_seen(
        connection,
        run,
        key=key,
        tools=tools,
        is_planned=is_planned,
    )
    return Results(
        words=words,
        confidentiality=run_label.confidentiality,
        seen=seen,
    )


def _may_have_changed(
    sent: Sent,
    shown: Shown,
) -> bool:
    """Whether an effect was aimed, by a name or by the id, at what was shown after it."""
    record = shown.record
    if not sent.has_effect:
        return False
    if record.of == "created" and sent.action == shown.action:
        return False
    aimed = {folded(name) for name in (record.id, *record.names)}
    return not record.id or not aimed.isdisjoint(sent.texts)


def _is_sent(
    leaf: Any,
    sent: list[Sent],
) -> bool:
    """Whether the leaf may be what the run itself sent without proof, whole or as a part."""
    if not sent:
        return False
    text = folded(str(leaf))
    number = decimal_of(leaf)
    return any(
        number in one.numbers or any(_is_from(text, other) for other in one.unproved)
        for one in sent
    )


def _is_from(
    text: str,
    other: str,
) -> bool:
    """Whether one text is the other, or stands in it, with or without its blanks and signs."""
    return (
        text == other
        or (len(text) >= SHORTEST and text in other)
        or (len(other) >= SHORTEST and other in text)
        or _is_bare_part(_bare(text), _bare(other))
    )


def _is_bare_part(
    text: str,
    other: str,
) -> bool:
    return (len(text) >= LONG and text in other) or (
        len(other) >= LONG and other in text
    )


@lru_cache(maxsize=4_096)
def _bare(text: str) -> str:
    return _SIGNS.sub("", text)


def _integrity(
    writer: Writer,
    *,
    is_chosen: bool,
) -> Integrity:
    if writer == "anyone":
        return "untrusted"
    return "trusted" if is_chosen else "unvouched"


def _rank(label: Label) -> int:
    return _RANK.index(label.integrity)
