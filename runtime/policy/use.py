"""Use: what an argument is for, by the words that its own schema calls it.

The names of arguments are the tool's, which the house has reviewed; no planner writes them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from interlock.runtime.policy.intent.forms import listed

#: Arguments that say who gets something, or where it goes
_DESTINATIONS: Final = listed(
    "to cc bcc recipient recipients receiver receivers payee"
    " beneficiary participant participants attendee attendees"
    " invitee invitees guest guests people person user users"
    " member members contact contacts email emails mail"
    " address addresses iban account channel channels target"
    " destination audience team group phone owner assignee"
    " collaborator collaborators whom"
)
#: Arguments of which the value is only shown to a reader
_TEXTS: Final = listed(
    "subject title topic about body text content contents"
    " description note notes message comment query search"
    " keyword keywords reason memo summary label caption"
)
#: Arguments that say in which place of talk something goes to everybody
_PLACES: Final = listed("channel channels")
_SOURCES: Final = listed("from sender senders source origin author by")
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """For what a tool with an effect takes an argument."""

    #: The words of the argument's name, and of the kind of object that it takes
    words: frozenset[str]
    #: The schema lists the values that there are
    is_closed: bool = False

    @property
    def is_destination(self) -> bool:
        """Whether the argument says who gets something, or where it goes."""
        return not self.words.isdisjoint(_DESTINATIONS)

    @property
    def is_place(self) -> bool:
        """Whether the argument takes a place of talk, which no person is."""
        return not self.words.isdisjoint(_PLACES)

    @property
    def is_text(self) -> bool:
        """Whether the argument is only shown to a reader."""
        return not self.words.isdisjoint(_TEXTS)

    @property
    def is_source(self) -> bool:
        """Whether the argument says from where something comes."""
        return not self.words.isdisjoint(_SOURCES)


@cache
def words_of(name: str) -> frozenset[str]:
    """Return the words of which a name is made: "fileIds" is of "file" and "ids"."""
    return frozenset(word.lower() for word in _WORD.findall(name))


def use_of(
    names: Iterable[str],
    *,
    is_closed: bool = False,
) -> Use:
    """Return the use that an argument with these *names* has."""
    words: frozenset[str] = frozenset().union(*map(words_of, names))
    return Use(words=words, is_closed=is_closed)
