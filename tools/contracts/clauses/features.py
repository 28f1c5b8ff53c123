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

GROUPS: Final = ("word", "bigram", "skip", "before", "after", "heading", "place", "opening")

Keys: TypeAlias = npt.NDArray[np.uint32]
Indices: TypeAlias = npt.NDArray[np.int64]
_Hashes: TypeAlias = npt.NDArray[np.uint64]

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?|\d+(?:[.,]\d+)*|[$%€£]|_{3,}|\[\*+\]")
_STOP = frozenset(
    "a an the of to in on at by for from with and or as is are be been was were it its this that these those such any all each "  # noqa: SIM905 - words read best as words
    "no not shall will may must can would should has have had do does which who whom whose if then than so but under upon into "
    "hereof herein hereunder thereof therein thereto hereto hereby s".split()
)
_HEADING_LONGEST = 90
_OPENING_WORDS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """One row of distinct keys per unit: row `i` is `keys[bounds[i]:bounds[i + 1]]`, ascending."""

    keys: Keys
    bounds: Indices


@dataclass(frozen=True, kw_only=True, slots=True)
class _Words:
    """The words that lie inside units: their hashes, units, and whether each carries content."""

    hashes: _Hashes
    unit: Indices
    content: npt.NDArray[np.bool_]


def rows(text: str, found: Sequence[Unit]) -> Rows:
    """The features of each unit, in order."""
    words = _read(text, found)
    bounds = np.searchsorted(words.unit, np.arange(len(found) + 1)).astype(np.int64)
    content = np.flatnonzero(words.content)
    content_unit, content_hash = words.unit[content], words.hashes[content]
    content_bounds = np.searchsorted(content_unit, np.arange(len(found) + 1)).astype(np.int64)
    here = np.arange(len(found))
    heading = _running_headings(text, found)
    parts = [
        _keys(0, words.unit, words.hashes),
        _pairs(1, words.unit, words.hashes, 1),
        _pairs(2, content_unit, content_hash, 1),
        _pairs(2, content_unit, content_hash, 2),
        _borrowed(3, content_hash, content_bounds, here - 1),
        _borrowed(4, content_hash, content_bounds, np.where(here + 1 < len(found), here + 1, -1)),
        _borrowed(5, content_hash, content_bounds, heading),
        _placed(found, bounds, heading),
        _opened(words, bounds),
    ]
    return _merge(parts, len(found))


def _read(text: str, found: Sequence[Unit]) -> _Words:
    hashes: list[int] = []
    unit: list[int] = []
    content: list[bool] = []
    known: dict[str, tuple[int, bool]] = {}
    for index, piece in enumerate(found):
        for word in _WORD.findall(text, piece.start, piece.end):
            entry = known.get(word)
            if entry is None:
                shape = word_shape(word)
                entry = known[word] = (zlib.crc32(shape.encode()), shape not in _STOP)
            hashes.append(entry[0])
            content.append(entry[1])
            unit.append(index)
    return _Words(
        hashes=np.array(hashes, dtype=np.uint64),
        unit=np.array(unit, dtype=np.int64),
        content=np.array(content, dtype=np.bool_),
    )


def _keys(
    group: int, unit: Indices, first: _Hashes, second: _Hashes | None = None
) -> tuple[Indices, Keys]:
    mixed = (first + np.uint64(group + 1)) * np.uint64(0x9E3779B97F4A7C15)
    if second is not None:
        mixed = (mixed ^ (mixed >> np.uint64(29))) + second * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return unit, ((mixed >> np.uint64(32)) & np.uint64(0xFFFFFFF8)).astype(np.uint32) | np.uint32(
        group
    )


def _pairs(group: int, unit: Indices, hashes: _Hashes, distance: int) -> tuple[Indices, Keys]:
    together = unit[:-distance] == unit[distance:]
    return _keys(
        group, unit[:-distance][together], hashes[:-distance][together], hashes[distance:][together]
    )


def _borrowed(
    group: int, hashes: _Hashes, bounds: Indices, source: Indices
) -> tuple[Indices, Keys]:
    """Gives unit `i` the words of unit `source[i]`; -1 gives none."""
    has = np.flatnonzero(source >= 0)
    starts, counts = bounds[source[has]], bounds[source[has] + 1] - bounds[source[has]]
    unit = np.repeat(has, counts)
    offsets = np.arange(len(unit)) - np.repeat(np.cumsum(counts) - counts, counts)
    return _keys(group, unit, hashes[np.repeat(starts, counts) + offsets])


def _opened(words: _Words, bounds: Indices) -> tuple[Indices, Keys]:
    """The first words of a unit, apart from its other words: clauses announce themselves."""
    early = np.arange(len(words.unit)) - bounds[words.unit] < _OPENING_WORDS
    return _keys(7, words.unit[early], words.hashes[early])


def _placed(found: Sequence[Unit], bounds: Indices, heading: Indices) -> tuple[Indices, Keys]:
    """Position from the front, position in tenths, length class, and whether the unit is itself a heading."""
    here, count = np.arange(len(found)), max(len(found), 1)
    length = np.log2(np.diff(bounds) + 1).astype(np.int64)
    kinds = (
        np.minimum(here, 20),
        100 + here * 10 // count,
        200 + length,
        300 + (heading == here),
        np.full(len(found), 400 + min(count // 100, 9)),
    )
    unit = np.concatenate([here] * len(kinds))
    return _keys(6, unit, np.concatenate(kinds).astype(np.uint64))


def is_heading(text: str) -> bool:
    """Whether a short text reads as a heading: few words, nearly all capitalised, at least one real word."""
    if len(text) > _HEADING_LONGEST:
        return False
    words = [
        word for word in _WORD.findall(text) if word[0].isalpha() and word.lower() not in _STOP
    ]
    capital = sum(word[0].isupper() for word in words)
    return (
        0 < len(words) <= 10
        and capital >= 0.75 * len(words)
        and any(len(word) > 2 for word in words)
    )  # noqa: PLR2004 - a heading, in numbers


def _running_headings(text: str, found: Sequence[Unit]) -> Indices:
    running, at = np.full(len(found), -1, dtype=np.int64), -1
    for index, unit in enumerate(found):
        if unit.end - unit.start <= _HEADING_LONGEST and is_heading(text[unit.start : unit.end]):
            at = index
        running[index] = at
    return running


def named_rows(features: Sequence[Sequence[str]]) -> Rows:
    """Rows of features given by name; an empty row gets one constant feature, as every row must hold a key."""
    distinct = [sorted({zlib.crc32(name.encode()) for name in names} or {0}) for names in features]
    bounds = np.concatenate([[0], np.cumsum([len(row) for row in distinct])]).astype(np.int64)
    return Rows(
        keys=np.array([key for row in distinct for key in row], dtype=np.uint32), bounds=bounds
    )


def word_shape(word: str) -> str:
    """Lower case; of a number only its form, because years and amounts must generalise."""
    if not word[0].isdigit():
        return word.lower().replace("\u2019", "'")
    if len(word) == 4 and word[:2] in {"19", "20"}:  # noqa: PLR2004 - a year has four digits
        return "#year"
    return word if len(word) == 1 else "#" + re.sub(r"\d", "0", word)[:7]


def _merge(parts: Sequence[tuple[Indices, Keys]], count: int) -> Rows:
    unit = np.concatenate([part[0] for part in parts]).astype(np.uint64)
    keys = np.concatenate([part[1] for part in parts])
    both = np.unique((unit << np.uint64(32)) | keys)
    bounds = np.searchsorted(both >> np.uint64(32), np.arange(count + 1).astype(np.uint64)).astype(
        np.int64
    )
    return Rows(keys=(both & np.uint64(0xFFFFFFFF)).astype(np.uint32), bounds=bounds)
