"""Vocabulary: which verbs and things ask for which kinds of effect, as the policy's data say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from interlock.runtime.policy.intent.forms import Form, forms, singular
from interlock.runtime.policy.intent.reading import Token

#: Words of a verb or a thing
_LONGEST: Final = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """One way to ask for a kind of effect.

    The verb is about one of the `objects`, or comes with one of the `places` ("to the channel");
    without both the verb alone is enough. What is about `never` is asked for in another way.
    """

    kind: str
    verbs: tuple[str, ...]
    objects: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    #: A place counts after these prepositions alone, and not where it was only mentioned before
    after: frozenset[str] = frozenset()
    #: It does not count where it is for the principal: "tell me"
    others: bool = False
    #: It does not count where it goes to the principal: "give me the bill"
    away: bool = False
    #: It does not count about something that is there already: "open the ticket"
    new: bool = False
    #: It counts where it is about people by their names: "answer Bob"
    names: bool = False
    #: Naming one of the objects is enough, whatever is done with it
    named: bool = False
    #: It does not count where the words ask for one of these kinds: "plan a lunch and invite Ann"
    unless: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb as it stands in the words."""

    wordings: tuple[Wording, ...]
    form: Form
    #: Tokens that it takes
    length: int
    #: The word is a noun, too: "mail", "book"
    is_noun: bool


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The wordings and the things of one policy; immutable, made once for each revision."""

    #: First word of a form -> what it may be: further words, how the verb is used, what it asks for
    _verbs: Mapping[str, Sequence[tuple[tuple[str, ...], Form, Wording]]]
    #: The words of a thing, in the singular -> the groups that it belongs to
    _things: Mapping[tuple[str, ...], frozenset[str]]
    named: tuple[Wording, ...] = field(default=())

    def verb(self, tokens: Sequence[Token], at: int) -> Iterator[Verb]:
        """Yield the verbs that may begin at this place, one for each of its uses."""
        uses: dict[Form, list[tuple[int, Wording]]] = {}
        for more, form, wording in self._verbs.get(tokens[at].text, ()):
            length = 1 + len(more)
            texts = tuple(token.text for token in tokens[at + 1 : at + length])
            apart = len(more) == 1 and _comes(tokens, at + 1, more[0])
            if texts == more or apart:
                uses.setdefault(form, []).append(
                    (1 if texts != more else length, wording)
                )
        for form, found in uses.items():
            longest = max(length for length, _ in found)
            wordings = tuple(
                wording for length, wording in found if length in {longest, 1}
            )
            word = (tokens[at].text,)
            yield Verb(wordings, form, longest, is_noun=word in self._things)

    def thing(self, tokens: Sequence[Token], at: int) -> tuple[frozenset[str], int]:
        """Return the groups of the thing that begins at this place, and its number of tokens."""
        shape = tokens[at].shape
        if shape not in {"word", "mark", "quote"}:
            return self._things.get((f"<{shape}>",), frozenset()), 1
        words = [token.text for token in tokens[at : at + _LONGEST]]
        for length in range(len(words), 0, -1):
            name = (*words[: length - 1], singular(words[length - 1]))
            groups = self._things.get(name) or self._things.get(tuple(words[:length]))
            if groups:
                return groups, length
        return frozenset(), 1


def vocabulary(data: Any) -> Vocabulary:
    """Return the vocabulary of the policy's data; one without a word where they cannot be read.

    Such a vocabulary licenses nothing (fails closed).
    """
    try:
        things = dict(data["things"])
        wordings = [
            _wording(kind, fields)
            for kind, ways in data["kinds"].items()
            for fields in ways.values()
        ]
        return Vocabulary(
            _verbs=_by_word(wordings),
            _things=_groups(things),
            named=tuple(wording for wording in wordings if wording.named),
        )
    except (TypeError, KeyError, AttributeError, ValueError):
        return Vocabulary({}, {})


def _wording(kind: str, fields: Mapping[str, Any]) -> Wording:
    return Wording(
        kind=kind,
        verbs=tuple(fields.get("verbs", ())),
        objects=frozenset(fields.get("objects", ())),
        places=frozenset(fields.get("places", ())),
        never=frozenset(fields.get("never", ())),
        after=frozenset(fields.get("after", ())),
        others=fields.get("others", False) is True,
        away=fields.get("away", False) is True,
        new=fields.get("new", False) is True,
        names=fields.get("names", False) is True,
        named=fields.get("named", False) is True,
        unless=frozenset(fields.get("unless", ())),
    )


def _by_word(
    wordings: Sequence[Wording],
) -> dict[str, list[tuple[tuple[str, ...], Form, Wording]]]:
    verbs: dict[str, list[tuple[tuple[str, ...], Form, Wording]]] = {}
    for wording in wordings:
        for verb in wording.verbs:
            first, *more = verb.split()
            for word, form in forms(first):
                verbs.setdefault(word, []).append((tuple(more), form, wording))
    return verbs


def _groups(
    things: Mapping[str, Sequence[str]],
) -> dict[tuple[str, ...], frozenset[str]]:
    groups: dict[tuple[str, ...], frozenset[str]] = {}
    for group, names in things.items():
        for name in names:
            words = tuple(name.split())
            groups[words] = groups.get(words, frozenset()) | {group}
    return groups


def _comes(tokens: Sequence[Token], start: int, particle: str) -> bool:
    """Whether the second word of a verb comes soon after the first: "call the meeting off"."""
    return any(token.text == particle for token in tokens[start : start + 6])
