"""The sentences of the suite, and the small agreement in which each is read.

A third of the sentences, picked by their digest, is held out: nobody looks at their results while
rules are written.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from interlock.tools import plain_yaml

Says = Literal["stated", "denied", "conditional", "other"]

_FILE: Final = Path(__file__).resolve().parent / "sentences.yaml"
_THIRD: Final = 3
_BEFORE: Final = (
    "SERVICES AGREEMENT\n\nThis Services Agreement is made as of May 3, 2018 by and between "
    "Northgate Supplies, Inc. and Oakfield Retail LLC.\n\n1. Meetings. The parties shall meet "
    "once a month to discuss the progress of the work.\n\n2. "
)
_AFTER: Final = (
    "\n\n3. Notices. Every notice under this Agreement shall be in writing.\n\n4. Counterparts. "
    "This Agreement may be signed in counterparts."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """One case: the text to read, the span that is judged, and what it says of a category."""

    category: str
    says: Says
    text: str
    start: int
    end: int
    #: Whether the span must be found as it stands, and not only be touched
    exact: bool
    held_out: bool

    @property
    def judged(self) -> str:
        """The words that are judged."""
        return self.text[self.start : self.end]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Two texts that differ in one clause: the one limits liability, the other does not."""

    capped: str
    unlimited: str


def sentences(path: Path = _FILE) -> tuple[Sentence, ...]:
    """Return every sentence of the suite, in the order of the file."""
    return tuple(_sentence(row) for row in _read(path)["sentences"])


def pairs(path: Path = _FILE) -> tuple[Pair, ...]:
    """Return the pairs of the suite, each text within its small agreement."""
    every = []
    for row in _read(path)["pairs"]:
        pair = Pair(
            capped=f"{_BEFORE}{row['capped']}{_AFTER}",
            unlimited=f"{_BEFORE}{row['unlimited']}{_AFTER}",
        )
        every.append(pair)
    return tuple(every)


def _read(path: Path) -> Mapping[str, Any]:
    content: Mapping[str, Any] = plain_yaml.parse(path.read_text("utf-8"))
    return content


def _sentence(row: Mapping[str, Any]) -> Sentence:
    text = row["text"]
    judged = row.get("of", text)
    if not row.get("whole", False):
        text = f"{_BEFORE}{text}{_AFTER}"
    start = text.index(judged)
    digest = hashlib.sha256(row["text"].encode()).digest()
    return Sentence(
        category=row["category"],
        says=row["says"],
        text=text,
        start=start,
        end=start + len(judged),
        exact="of" in row,
        held_out=int.from_bytes(digest) % _THIRD == 0,
    )
