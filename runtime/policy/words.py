"""Words: what the principal said, and which values stand in it as values of their own.

A value that stands in the words was written by the principal, whoever proposes it: so it is proved
by looking, and a planner that was taken over can add nothing. Every doubt is a no (fails closed).
"""

import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from functools import cached_property
from itertools import islice
from typing import Final

from interlock.runtime.canonical import Json
from interlock.runtime.policy.actionable import actionable
from interlock.runtime.policy.boundary import folded, is_steady, places, written
from interlock.runtime.policy.counts import counts
from interlock.runtime.policy.denials import Parts, denials, is_denied
from interlock.runtime.policy.intent.forms import listed
from interlock.runtime.policy.label import PRINCIPAL
from interlock.runtime.policy.measures import measures
from interlock.runtime.policy.mentions import is_addressed, is_name_for
from interlock.runtime.policy.moments import (
    clocks,
    dates,
    moment_of,
    moment_spans,
    number_of,
    numbers,
)
from interlock.runtime.policy.numerals import is_count_for, is_number_for
from interlock.runtime.policy.pairs import pairs
from interlock.runtime.policy.passages import passages
from interlock.runtime.policy.use import Use

#: A shorter text stands in any sentence by chance
SHORTEST: Final = 3
#: Longer texts are not looked for, and longer words are not looked through
LONGEST: Final = 4_096
LONGEST_WORDS: Final = 65_536
#: Places of one value that are looked at; the others prove nothing
MOST_PLACES: Final = 64
_QUOTES: Final = "\"'`\u201c\u201d\u2018\u2019\u00ab\u00bb"
#: What no common word has within: a blank, a digit, or a sign before a letter or a digit
_MARKED: Final = re.compile(r"\S\s+\S|[0-9]|[^\w\s'\u2019-]\w|_")
_BLANKS: Final = re.compile(r"\s+")
#: Words that stand in any sentence and name nobody
_COMMON: Final = listed(
    "the and for that this with you your yours from are was were has have had not but all any one"
    " our ours its his her hers him she they them their theirs who whom what which when where why"
    " how out into onto off over under can could would shall should might must did does"
    " done been being there here then than also just please about after before again each every"
    " everyone everybody anyone anybody someone somebody nobody nothing everything anything"
    " something none other others another both some such only own same too very via per these those"
)


class Words:
    """The principal's own words, by the place of each text in the request; never changed."""

    def __init__(
        self,
        texts: Mapping[str, str],
    ) -> None:
        self._texts = {
            place: _Text(text)
            for place, text in texts.items()
            if len(text) <= LONGEST_WORDS
        }

    def source(self, value: Json, use: Use | None = None) -> str | None:
        """Return where the words say *value*, as "principal:text[12:30]"; None where they do not.

        With a *use* they must say it as something that the argument may take: a room's number is no
        amount, and who is only spoken of gets nothing.

        The numbers are places in the NFC form of the text. A text counts as said where it stands
        between boundaries, whatever its case and whichever blanks part it. A number counts by its
        value, and a date, a time and both by what they mean.
        """
        for place, text in self._texts.items():
            span = text.span(value, use)
            if span is not None:
                return f"{PRINCIPAL}:{place}[{span[0]}:{span[1]}]"
        return None

    def is_of(self, number: Json, name: Json) -> bool:
        """Whether a number that the words say may be said of a name that they say, too.

        It may not where they say both of others: the amount of one person is no other's.
        """
        if not isinstance(name, str) or isinstance(number, bool):
            return True
        amount = number_of(str(number))
        if amount is None:
            return True
        said = self.pairs
        called = folded(name)
        is_said = (amount, called) in said
        is_others = any(one == amount for one, _ in said)
        has_another = any(other == called for _, other in said)
        return is_said or not (is_others and has_another)

    @property
    def pairs(self) -> frozenset[tuple[Decimal, str]]:
        """Each number that the words say of a name, with the name."""
        return frozenset(pair for text in self._texts.values() for pair in text.pairs)

    def states(self, use: Use) -> bool:
        """Whether the words themselves say something to act on that an argument may take so."""
        return any(text.states(use) for text in self._texts.values())

    def stated(self, use: Use) -> frozenset[str]:
        """Return what the words themselves say to act on that an argument may take so."""
        return frozenset(
            part for text in self._texts.values() for part in text.stated(use)
        )

    def addresses(self, name: str) -> bool:
        """Whether something is to go to who is named so: "to Ann Lee", "send Ann Lee the plan"."""
        return any(text.addresses(name) for text in self._texts.values())

    def has(self, pattern: re.Pattern[str], *, said: bool = False) -> bool:
        """Whether the pattern stands in the words, in small letters; *said*, and not denied."""
        return any(text.has(pattern, said=said) for text in self._texts.values())

    @property
    def measures(self) -> bool:
        """Whether a choice is left to what counts most: "the largest file"."""
        return any(text.measures for text in self._texts.values())

    def names(self, name: str) -> bool:
        """Whether the words name an object so: by a whole name that is no common word.

        Such a name has two words, a digit or a sign within, or stands between quotation marks.
        """
        return any(text.names(name) for text in self._texts.values())


class _Text:
    """One text of the words, looked through at first use."""

    def __init__(self, text: str) -> None:
        self._folded = folded(text)
        self._written = written(text)

    def span(self, value: Json, use: Use | None) -> tuple[int, int] | None:
        """Return where the text says *value*, or None; a date or a time is said by all of it."""
        if isinstance(value, str):
            return self._span_of(value, use)
        if isinstance(value, int) and not isinstance(value, bool):
            return self._number(Decimal(value), use)
        return None

    def states(self, use: Use) -> bool:
        """Whether the text says what *use* may take, or holds more than can be looked through."""
        return self._actionable is None or any(self.stated(use))

    def stated(self, use: Use) -> list[str]:
        """Return what the text says that *use* may take; nothing of what is too long."""
        parts = self._actionable or ()
        return [part for part in parts if self._span_of(part, use) is not None]

    def addresses(self, name: str) -> bool:
        """Whether the principal says in the text that something goes to who is named so."""
        for span in islice(places(self._folded, folded(name)), MOST_PLACES):
            is_said = not is_denied(self._unsaid, span[0])
            if is_said and is_addressed(self._folded, span):
                return True
        return False

    def has(self, pattern: re.Pattern[str], *, said: bool) -> bool:
        """Whether the pattern stands in the text; *said* by the principal."""
        starts = (match.start() for match in pattern.finditer(self._folded))
        return any(not said or not is_denied(self._unsaid, at) for at in starts)

    @property
    def measures(self) -> bool:
        """Whether the text leaves a choice to what counts most."""
        return measures(self._folded, unsaid=self._unsaid)

    def names(self, name: str) -> bool:
        """Whether the text names an object so."""
        if len(name) < SHORTEST or len(name) > LONGEST or name != name.strip():
            return False
        span = self._phrase(name, None) if is_steady(name) else None
        if span is None:
            return False
        start, end = span
        before, after = self._folded[:start][-1:], self._folded[end:][:1]
        is_quoted = before in _QUOTES and after in _QUOTES and bool(before and after)
        return is_quoted or _MARKED.search(name) is not None

    def _span_of(self, value: str, use: Use | None) -> tuple[int, int] | None:
        if not SHORTEST <= len(value) <= LONGEST or value != value.strip():
            return None
        number = number_of(value)
        if number is not None:
            return self._number(number, use)
        span = self._phrase(value, use) if is_steady(value) else None
        return self._moment(value) if span is None else span

    def _phrase(self, value: str, use: Use | None) -> tuple[int, int] | None:
        text, at = self._squeezed
        phrase = _BLANKS.sub(" ", folded(value))
        if phrase in _COMMON:
            return None
        for start, end in islice(places(text, phrase), MOST_PLACES):
            span = at[start], at[end - 1] + 1
            if not is_denied(self._unsaid, span[0]) and self._is_name(span, use):
                return span
        return None

    def _is_name(self, span: tuple[int, int], use: Use | None) -> bool:
        return use is None or is_name_for(
            self._folded, span, use, written=self._written
        )

    def _number(self, number: Decimal, use: Use | None) -> tuple[int, int] | None:
        for span in self._numbers.get(number, ()):
            if not is_denied(self._unsaid, span[0]) and self._is_number(span, use):
                return span
        return None if use is None else self._count(number, use)

    def _count(self, number: Decimal, use: Use) -> tuple[int, int] | None:
        for span in self._counts.get(number, ()):
            is_said = not is_denied(self._unsaid, span[0])
            if is_said and is_count_for(self._folded, span, use):
                return span
        return None

    def _is_number(self, span: tuple[int, int], use: Use | None) -> bool:
        return use is None or is_number_for(
            self._folded, span, use, moments=self._moments
        )

    def _moment(self, value: str) -> tuple[int, int] | None:
        moment = moment_of(value)
        if moment is None:
            return None
        is_said = moment.day is None or moment.day in self._dates
        is_said = is_said and (moment.clock is None or moment.clock in self._clocks)
        return (0, len(self._folded)) if is_said else None

    @cached_property
    def _squeezed(self) -> tuple[str, list[int]]:
        """The text with single blanks, and the place that each character of it had before."""
        characters: list[str] = []
        at: list[int] = []
        for index, character in enumerate(self._folded):
            is_blank = character.isspace()
            if is_blank and characters and characters[-1] == " ":
                continue
            characters.append(" " if is_blank else character)
            at.append(index)
        return "".join(characters), at

    @cached_property
    def _numbers(self) -> dict[Decimal, list[tuple[int, int]]]:
        return numbers(self._folded)

    @cached_property
    def _counts(self) -> dict[Decimal, list[tuple[int, int]]]:
        return counts(self._folded)

    @cached_property
    def pairs(self) -> set[tuple[Decimal, str]]:
        """Each number that the text says of a name."""
        return pairs(
            self._folded,
            self._written,
            self._numbers,
            moments=self._moments,
        )

    @cached_property
    def _actionable(self) -> list[str] | None:
        return actionable(self._folded)

    @cached_property
    def _moments(self) -> list[tuple[int, int]]:
        return moment_spans(self._folded)

    @cached_property
    def _unsaid(self) -> Parts:
        """Where a value stands that the principal denies, or that somebody else wrote."""
        return [*denials(self._folded), *passages(self._folded)]

    @cached_property
    def _dates(self) -> set[date]:
        return dates(self._folded)

    @cached_property
    def _clocks(self) -> set[time]:
        return clocks(self._folded)
