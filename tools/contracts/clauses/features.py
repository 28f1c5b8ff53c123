"""Turns units into sparse binary rows of hashed features.

A feature is a 32-bit key whose low three bits name its `GROUPS` entry and whose other bits are a
fixed mix of the words it is made of, so no vocabulary of strings has to be shipped. Pure and
deterministic on every platform: words are hashed by CRC-32 and combined by integer arithmetic
alone. The groups follow the usual lexical design for contract clauses: words, bigrams, pairs of
content words with the words between left out, content words of the neighbouring units, the running
heading, length and position.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from interlock.tools.contracts.clauses.segmentation import Unit

GROUPS: Final = (
    "word",
    "bigram",
    "skip",
    "before",
    "after",
    "heading",
    "place",
    "opening",
)
_GROUP: Final = {name: number for number, name in enumerate(GROUPS)}

Keys: TypeAlias = npt.NDArray[np.uint32]
Indices: TypeAlias = npt.NDArray[np.int64]
_Hashes: TypeAlias = npt.NDArray[np.uint64]
#: The unit of each key, and the keys
_Part: TypeAlias = tuple[Indices, Keys]

_WORD = re.compile(
    r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?|\d+(?:[.,]\d+)*|[$%€£]|_{3,}|\[\*+\]"
)
_STOP = frozenset(
    "a an the of to in on at by for from with and or as is are be been was were it its this "  # noqa: SIM905 - words
    "that these those such any all each no not shall will may must can would should has have "
    "had do does which who whom whose if then than so but under upon into hereof herein "
    "hereunder thereof therein thereto hereto hereby s".split()
)
_HEADING_LONGEST: Final = 90  # code points
_HEADING_WORDS: Final = 10
_HEADING_CAPITAL: Final = (
    0.75  # the share of its words that begin with a capital letter
)
_OPENING_WORDS: Final = 4
_YEAR_DIGITS: Final = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """One row of distinct keys per unit: row `i` is `keys[bounds[i]:bounds[i + 1]]`, ascending."""

    keys: Keys
    bounds: Indices


@dataclass(frozen=True, kw_only=True, slots=True)
class _Words:
    """Words in the order of the text: hashes, the unit of each, and where each unit begins.

    The words of unit `i` are those from `bounds[i]` to `bounds[i + 1]`.
    """

    hashes: _Hashes
    unit: Indices
    bounds: Indices


def rows(text: str, units: Sequence[Unit]) -> Rows:
    """Return the features of each unit, in order."""
    words, content = _read(text, units)
    count = len(units)
    here = np.arange(count)
    heading = _running_headings(text, units)
    following = np.where(here + 1 < count, here + 1, -1)
    parts = [
        _keys("word", words.unit, words.hashes),
        _pairs("bigram", words, 1),
        _pairs("skip", content, 1),
        _pairs("skip", content, 2),
        _borrowed("before", content, here - 1),
        _borrowed("after", content, following),
        _borrowed("heading", content, heading),
        _placed(words, heading),
        _opened(words),
    ]
    return _merge(parts, count)


def _read(text: str, units: Sequence[Unit]) -> tuple[_Words, _Words]:
    """Return the words of all units, and those of them that carry content."""
    hashes: list[int] = []
    unit: list[int] = []
    content: list[bool] = []
    by_word: dict[str, tuple[int, bool]] = {}
    for index, piece in enumerate(units):
        for word in _WORD.findall(text, piece.start, piece.end):
            if word not in by_word:
                by_word[word] = _hashed(word)
            word_hash, carries_content = by_word[word]
            hashes.append(word_hash)
            content.append(carries_content)
            unit.append(index)
    every_hash = np.array(hashes, dtype=np.uint64)
    every_unit = np.array(unit, dtype=np.int64)
    has_content = np.array(content, dtype=np.bool_)
    every_word = _words(every_hash, every_unit, len(units))
    content_words = _words(
        every_hash[has_content],
        every_unit[has_content],
        len(units),
    )
    return every_word, content_words


def _hashed(word: str) -> tuple[int, bool]:
    """Return the hash of a word's shape, and whether the word carries content."""
    shape = word_shape(word)
    return zlib.crc32(shape.encode()), shape not in _STOP


def _words(hashes: _Hashes, unit: Indices, count: int) -> _Words:
    bounds = np.searchsorted(unit, np.arange(count + 1))
    return _Words(
        hashes=hashes,
        unit=unit,
        bounds=bounds.astype(np.int64),
    )


def _keys(
    group: str,
    unit: Indices,
    first: _Hashes,
    second: _Hashes | None = None,
) -> _Part:
    """Mix one hash, or an ordered pair of hashes, into keys of the group."""
    number = _GROUP[group]
    mixed = (first + np.uint64(number + 1)) * np.uint64(0x9E3779B97F4A7C15)
    if second is not None:
        mixed = mixed ^ (mixed >> np.uint64(29))
        mixed = mixed + second * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed = mixed ^ (mixed >> np.uint64(32))
    mixed = mixed * np.uint64(0xD6E8FEB86659FD93)
    high = (mixed >> np.uint64(32)) & np.uint64(0xFFFFFFF8)
    keys = high.astype(np.uint32) | np.uint32(number)
    return unit, keys


def _pairs(group: str, words: _Words, distance: int) -> _Part:
    """Return the pairs of words of one unit that stand so many words apart."""
    first = words.unit[:-distance]
    second = words.unit[distance:]
    together = first == second
    return _keys(
        group,
        first[together],
        words.hashes[:-distance][together],
        words.hashes[distance:][together],
    )


def _borrowed(group: str, words: _Words, source: Indices) -> _Part:
    """Give unit `i` the words of unit `source[i]`; -1 gives none."""
    borrower = np.flatnonzero(source >= 0)
    lender = source[borrower]
    starts = words.bounds[lender]
    counts = words.bounds[lender + 1] - starts
    unit = np.repeat(borrower, counts)
    # The place of each borrowed word among those that its unit borrows: 0, 1, 2, ...
    before = np.cumsum(counts) - counts
    place = np.arange(len(unit)) - np.repeat(before, counts)
    borrowed = np.repeat(starts, counts) + place
    return _keys(group, unit, words.hashes[borrowed])


def _opened(words: _Words) -> _Part:
    """Return the first words of every unit as a group: a clause often names its subject there."""
    place = np.arange(len(words.unit)) - words.bounds[words.unit]
    early = place < _OPENING_WORDS
    return _keys("opening", words.unit[early], words.hashes[early])


def _placed(words: _Words, heading: Indices) -> _Part:
    """Return the facts of every unit apart from its words.

    The facts are the position from the front, the position in tenths, the length class, whether the
    unit is itself a heading, and how long the text is. Each kind of fact has its own hundred.
    """
    count = len(heading)
    here = np.arange(count)
    length = np.log2(np.diff(words.bounds) + 1)
    facts = (
        np.minimum(here, 20),
        100 + here * 10 // max(count, 1),
        200 + length.astype(np.int64),
        300 + (heading == here),
        np.full(count, 400 + min(count // 100, 9)),
    )
    unit = np.concatenate([here] * len(facts))
    hashes = np.concatenate(facts)
    return _keys("place", unit, hashes.astype(np.uint64))


def is_heading(text: str) -> bool:
    """Tell whether a short text reads as a heading.

    A heading has few words, nearly all of them capitalised, and at least one real word.
    """
    if len(text) > _HEADING_LONGEST:
        return False
    words = [word for word in _WORD.findall(text) if _is_telling(word)]
    if not 0 < len(words) <= _HEADING_WORDS:
        return False
    capital = sum(word[0].isupper() for word in words)
    if capital < _HEADING_CAPITAL * len(words):
        return False
    return any(len(word) > 2 for word in words)  # noqa: PLR2004 - shorter is an abbreviation


def _is_telling(word: str) -> bool:
    return word[0].isalpha() and word.lower() not in _STOP


def _running_headings(text: str, units: Sequence[Unit]) -> Indices:
    """Return for each unit the newest heading so far, which may be the unit itself; -1 for none."""
    running = np.full(len(units), -1, dtype=np.int64)
    newest = -1
    for index, unit in enumerate(units):
        is_short = unit.end - unit.start <= _HEADING_LONGEST
        if is_short and is_heading(text[unit.start : unit.end]):
            newest = index
        running[index] = newest
    return running


def named_rows(features: Sequence[Sequence[str]]) -> Rows:
    """Return rows of features given by name.

    An empty row gets one constant feature, as every row must hold a key.
    """
    keys: list[int] = []
    bounds = [0]
    for names in features:
        row = {zlib.crc32(name.encode()) for name in names}
        keys.extend(sorted(row or {0}))
        bounds.append(len(keys))
    return Rows(
        keys=np.array(keys, dtype=np.uint32),
        bounds=np.array(bounds, dtype=np.int64),
    )


def word_shape(word: str) -> str:
    """Return the word in lower case; of a number return only its form.

    The model must treat all years alike, and all amounts of one length.
    """
    if not word[0].isdigit():
        return word.lower().replace("\u2019", "'")
    if len(word) == _YEAR_DIGITS and word[:2] in {"19", "20"}:
        return "#year"
    if len(word) == 1:
        return word
    return "#" + re.sub(r"\d", "0", word)[:7]


def _merge(parts: Sequence[_Part], count: int) -> Rows:
    """Return the keys of all parts by unit, each key once a unit, ascending."""
    unit = np.concatenate([units for units, _ in parts])
    keys = np.concatenate([keys for _, keys in parts])
    # Unit and key in one number, so that one sort does both.
    both = (unit.astype(np.uint64) << np.uint64(32)) | keys
    distinct = np.unique(both)
    first_of_unit = np.arange(count + 1).astype(np.uint64)
    bounds = np.searchsorted(distinct >> np.uint64(32), first_of_unit)
    low = distinct & np.uint64(0xFFFFFFFF)
    return Rows(
        keys=low.astype(np.uint32),
        bounds=bounds.astype(np.int64),
    )
