"""Results: what the tools of a run have shown so far, as proofs of values.

Everything is read from what is recorded: results from the rows of done actions, and what was sent
from the ledger's sealed entries. So a proof outlives a restart, is sealed under the run's key, and
is erased with the run. A planner can add nothing to either but values of its own, and what the run
sent without proof proves nothing when it comes back (fails closed).
"""

from collections import defaultdict
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from sqlalchemy import Connection

from interlock.runtime.canonical import Json
from interlock.runtime.door.fields import ShownObject, Writer
from interlock.runtime.door.sent import Sent
from interlock.runtime.door.shown import Seen, Shown, read_seen
from interlock.runtime.door.tool import Tools
from interlock.runtime.policy.boundary import folded
from interlock.runtime.policy.label import Confidentiality, Integrity, Label
from interlock.runtime.policy.moments import number_of
from interlock.runtime.policy.words import Words
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run.run import Run

#: A shorter text says nothing by standing within another
SHORTEST: Final = 4
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
        self._reached: dict[str, list[Sent]] = {}
        #: All that was seen
        self.seen = seen
        self.confidentiality = confidentiality

    def label(
        self,
        leaf: Json,
        taken: str,
    ) -> Label | None:
        """Return the best label that a result proves for *leaf*, or None.

        A number proves as the id of an object alone, where such objects are *taken*: any two things
        may have one number.
        """
        if leaf is None or not self._proofs:
            return None
        return self._proofs.get(_key(leaf, taken))

    @cached_property
    def _proofs(self) -> dict[str, Label]:
        proofs: dict[str, Label] = {}
        for one in self._shown:
            sent = self._reaching(one)
            is_chosen = self.is_chosen(one)
            for pattern, writer, leaf in one.record.leaves:
                if not _is_proof(leaf, one.record) or _is_sent(leaf, sent):
                    continue
                label = Label(
                    integrity=_integrity(writer, is_chosen=is_chosen),
                    confidentiality=self.confidentiality,
                    sources=(f"tool:{one.tool}#{pattern}",),
                )
                key = _key(leaf, one.record.kind)
                proofs[key] = min(proofs.get(key, label), label, key=_rank)
        return proofs

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

    def is_named(
        self,
        name: str,
    ) -> bool:
        """Whether the words name somebody so."""
        return self._words.names(name)

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
    ) -> bool:
        """Whether an effect that carried anything without proof may have made or changed it."""
        effects = [one for one in self._reaching(shown) if one.has_effect]
        return any(_may_have_changed(one, shown) for one in effects) or any(
            _is_sent(leaf, effects) for _, _, leaf in shown.record.leaves
        )

    @cached_property
    def own(self) -> frozenset[str]:
        """What the system, our house or the principal wrote of the principal, as texts."""
        return frozenset(
            folded(leaf)
            for one in self._shown
            if one.record.of == "principal"
            for _, writer, leaf in one.record.leaves
            if isinstance(leaf, str) and writer != "anyone" and len(leaf) >= SHORTEST
            if not self.is_sent(leaf, one)
        )

    def _reaching(self, shown: Shown) -> list[Sent]:
        """Return what may come back in what an action showed; the same for all that it showed."""
        known = self._reached.get(shown.action)
        if known is None:
            known = [one for one in self._sent if _reaches(one, shown)]
            self._reached[shown.action] = known
        return known


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


def _reaches(
    sent: Sent,
    shown: Shown,
) -> bool:
    """Whether what was sent may come back in what was shown."""
    if sent.action == shown.action:
        return True
    return sent.has_effect and sent.seq < shown.seq


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
    number = _number(leaf)
    return any(
        number in one.numbers or any(_is_from(text, other) for other in one.unproved)
        for one in sent
    )


def _is_from(
    text: str,
    other: str,
) -> bool:
    """Whether one text is the other, or stands in it."""
    return (
        text == other
        or (len(text) >= SHORTEST and text in other)
        or (len(other) >= SHORTEST and other in text)
    )


def _number(leaf: Any) -> Decimal | None:
    """Return the number that a leaf is, however it is written; None for another."""
    if isinstance(leaf, int | float) and not isinstance(leaf, bool):
        return Decimal(str(leaf))
    return number_of(leaf) if isinstance(leaf, str) else None


def _is_proof(
    leaf: Any,
    record: ShownObject,
) -> bool:
    """Whether the leaf says something by itself, or is the number of an object of some kind."""
    if leaf is None or leaf == "" or isinstance(leaf, bool):
        return False
    return not _is_number(leaf) or bool(record.kind and record.id == str(leaf))


def _is_number(leaf: Any) -> bool:
    is_digits = isinstance(leaf, str) and leaf.isdecimal()
    return is_digits or _number(leaf) is not None


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


def _key(
    leaf: Any,
    kind: str,
) -> str:
    """Return how a leaf is looked up: a number with its *kind*, and as the type that it has."""
    name = f"{type(leaf).__name__}:{leaf}"
    return f"{kind}#{name}" if _is_number(leaf) else name
