"""Asked: which part of the words asks for which kinds of effect, and what each part names.

"Delete plan.docx and share minutes.txt" asks for the one and the other, each of one file. A value
is misplaced in an effect where the words name it for another effect alone, and name something else
of its form for this one. Only what is clear is told: a part that says "it" may mean anything.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from interlock.runtime.policy.boundary import folded, places, written
from interlock.runtime.policy.intent import derive
from interlock.runtime.policy.intent.forms import listed
from interlock.runtime.policy.intent.reading import Token, sentences
from interlock.runtime.policy.intent.vocabulary import Vocabulary

#: How a name is written, by which one stands for another: "plan.docx" for no person
Form: TypeAlias = Literal["address", "account", "file", "word"]
#: Characters of the longest words, and parts of one text, that are told apart
LONGEST: Final = 16_384
MOST_PARTS: Final = 64
_FORMS: Final[Mapping[Form, re.Pattern[str]]] = {
    "address": re.compile(r"[^\s@]*@[^\s@]+"),
    "account": re.compile(r"[a-z]{2}[0-9]{2}[a-z0-9]{8,30}"),
    "file": re.compile(r".*\w\.[a-z][a-z0-9]{1,4}", re.DOTALL),
    "word": re.compile(r".*", re.DOTALL),
}
_END: Final = re.compile(r"[.!?;](?=\s|\Z)|\n")
_JOINT: Final = re.compile(r"[,:](?=\s)|\s(?:and|then|but|or|plus)(?=\s)")
#: What may be a name: with a digit, a sign or a dot within, or with a capital that begins no part
_NAME: Final = re.compile(r"[^\s,;:!?()\"]*[\w)]")
_MARKED: Final = re.compile(r"[@_]|\w\.\w|[a-zA-Z][0-9]{2}[a-zA-Z0-9]{8}")
_BACK: Final = listed("it them him her there one all both each")
_SHOWING: Final = listed("this that these those")
_BETWEEN: Final = listed("to of in on at with from for into")
#: Words at the beginning of a part among which a pronoun is what its verb is about
_NEAR: Final = 3
_TIMES: Final = listed(
    "i monday tuesday wednesday thursday friday saturday sunday january february march april may"
    " june july august september october november december am pm today tomorrow please"
)
_OPENING: Final = listed(
    "the a an my your his her our their this that these those all every each both some any to with"
    " for one two three four five six"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A part of one text, by its place, which asks for one thing."""

    start: int
    end: int
    #: The kinds of effect that it asks for
    kinds: frozenset[str]
    #: What it names, folded
    names: frozenset[str]
    #: What it is about may stand elsewhere
    points_back: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What one argument of a call takes, by the names that the words may have for each value."""

    is_destination: bool
    #: For each value the names under which the words may speak of it, folded
    values: Sequence[frozenset[str]]

    @property
    def names(self) -> frozenset[str]:
        """All names of all values."""
        return frozenset(name for names in self.values for name in names)


class Reader:
    """Reads words by one vocabulary, and remembers what was read last."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._parts = lru_cache(maxsize=64)(partial(_parts, vocabulary=vocabulary))

    def asked(self, texts: Iterable[str]) -> "Asked":
        """Return the parts of the texts."""
        return Asked([(folded(text), self._parts(text)) for text in texts])


class Asked:
    """The parts of the principal's words."""

    def __init__(self, texts: Sequence[tuple[str, tuple[Part, ...]]]) -> None:
        self._texts = texts

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The kinds of effect that some part asks for; of one alone nothing is misplaced."""
        return frozenset(
            kind for _, parts in self._texts for part in parts for kind in part.kinds
        )

    def misplaced(self, taken: Mapping[str, Taken]) -> dict[str, tuple[str, ...]]:
        """Return for each argument the kinds of effect for which the words name something else."""
        told = {
            argument: tuple(
                kind
                for kind in sorted(self.kinds)
                if self._is_misplaced(
                    argument,
                    kind,
                    taken,
                )
            )
            for argument in taken
        }
        return {argument: kinds for argument, kinds in told.items() if kinds}

    def _is_misplaced(
        self,
        argument: str,
        kind: str,
        taken: Mapping[str, Taken],
    ) -> bool:
        own = [part for _, parts in self._texts for part in parts if kind in part.kinds]
        if not own or any(part.points_back for part in own):
            return False
        named = frozenset(name for part in own for name in part.names)
        others = _others(argument, taken)
        left = {name for name in named if not _is_among(name, others)}
        return any(
            self._is_elsewhere(names, own) and _forms(names) & _forms(left)
            for names in taken[argument].values
        )

    def _is_elsewhere(
        self,
        names: frozenset[str],
        own: Sequence[Part],
    ) -> bool:
        """Whether the words have a value in parts that ask for something, and in none of *own*."""
        holding = [
            part
            for text, parts in self._texts
            for name in names
            for start, _ in places(text, name)
            for part in parts
            if part.start <= start < part.end
        ]
        return bool(holding) and all(part.kinds and part not in own for part in holding)


def _others(argument: str, taken: Mapping[str, Taken]) -> frozenset[str]:
    """Return what the arguments take that have another part in the call than this one."""
    role = taken[argument].is_destination
    return frozenset(
        name
        for other in taken.values()
        if other.is_destination != role
        for name in other.names
    )


def _is_among(name: str, names: Iterable[str]) -> bool:
    return any(name in other for other in names)


def _forms(names: Iterable[str]) -> set[Form]:
    return {form_of(name) for name in names}


def form_of(name: str) -> Form:
    """Return how a folded name is written."""
    return next(form for form, pattern in _FORMS.items() if pattern.fullmatch(name))


def _parts(text: str, vocabulary: Vocabulary) -> tuple[Part, ...]:
    """Return the parts of a text; none of one that has too many."""
    if len(text) > LONGEST:
        return ()
    plain = written(text)
    ends = [0, *(match.end() for match in _END.finditer(plain)), len(plain)]
    parts: list[Part] = []
    for start, end in pairwise(ends):
        before: frozenset[str] = frozenset()
        for first, last in _spans(
            plain,
            start,
            end,
        ):
            part = _part(
                plain,
                first,
                last,
                before,
                vocabulary,
            )
            before = part.kinds
            parts.append(part)
            if len(parts) > MOST_PARTS:
                return ()
    return tuple(parts)


def _spans(
    text: str,
    start: int,
    end: int,
) -> Iterator[tuple[int, int]]:
    """Yield the parts of one sentence, between its joints."""
    for joint in _JOINT.finditer(
        text,
        start,
        end,
    ):
        yield start, joint.end()
        start = joint.end()
    yield start, end


def _part(
    text: str,
    start: int,
    end: int,
    before: frozenset[str],
    vocabulary: Vocabulary,
) -> Part:
    own = text[start:end]
    kinds = frozenset(derive([_JOINT.sub(" ", own).strip(" .!?;")], vocabulary))
    tokens = [token for sentence in sentences(own) for token in sentence.tokens]
    goes_on = not kinds and _goes_on(tokens, vocabulary)
    return Part(
        start=start,
        end=end,
        kinds=before if goes_on else kinds,
        names=frozenset(_names(own, goes_on=goes_on)),
        points_back=_points_back([token.text for token in tokens]),
    )


def _points_back(words: Sequence[str]) -> bool:
    """Whether the verb is about what was named before: "share it", "add Bob to them"."""
    is_near = any(word in _BACK for word in words[:_NEAR])
    is_shown = any(word in _SHOWING for word in words[1:2])
    return (
        is_near
        or is_shown
        or any(
            first in _BETWEEN and second in _BACK for first, second in pairwise(words)
        )
    )


def _goes_on(tokens: Sequence[Token], vocabulary: Vocabulary) -> bool:
    """Whether a part is one more thing of what the part before asks for."""
    if not tokens:
        return True
    if any(True for at in range(len(tokens)) for _ in vocabulary.verb(tokens, at)):
        return False
    first = tokens[0]
    return first.shape != "word" or first.is_name or first.text in _OPENING


def _names(part: str, *, goes_on: bool) -> Iterator[str]:
    """Yield what may be a name; a capital tells nothing at the beginning, where a verb stands."""
    for number, match in enumerate(_NAME.finditer(part)):
        name = match[0].strip("'`\u201c\u201d\u2018\u2019\u00ab\u00bb#*.")
        is_capital = name[:1] != name[:1].lower() and (number > 0 or goes_on)
        if _MARKED.search(name) or (is_capital and name.lower() not in _TIMES):
            yield folded(name).removesuffix("'s")
