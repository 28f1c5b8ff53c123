"""Calling: whether the words call for what a field of an object says, for the use made of it.

A value that a tool has shown of a named object says to whom something goes where the words speak of
that: "to Ann Lee", "its owner", "reply to". Where they themselves say to whom, a field that they do
not speak of proves nothing, however surely the system wrote the field (fails closed).
"""

import re
from collections.abc import Iterable
from typing import Final

from interlock.runtime.door.shown import Shown
from interlock.runtime.policy.intent.forms import listed
from interlock.runtime.policy.use import Use, words_of
from interlock.runtime.policy.words import Words

#: Something goes to the principal, or comes from what is the principal's
_MINE: Final = re.compile(
    r"\b(?:to|cc|bcc|and|mail|email|e-mail|send|message)\s+(?:me|myself|us|ourselves)\b|\bfrom\s+my\b"
)
#: Words for who is in a field of many people, and for who sent or wrote something
_PEOPLE: Final = listed(
    "people participants participant attendees attendee members member guests guest"
    " invitees invitee recipients recipient everyone everybody them"
)
_WRITERS: Final = listed(
    "sender senders author authors creator writer sent wrote reply respond answer return refund"
)
_OWNERS: Final = listed("owner owners owns holder")
_NOTHING: Final = re.compile(r"(?!)")
_GROUPS: Final = (_PEOPLE, _WRITERS, _OWNERS)


def is_called_for(
    words: Words,
    names: Iterable[str],
    shown: Shown,
    pattern: str,
    *,
    taken: str,
    use: Use | None,
) -> bool:
    """Whether the words call for the field *pattern* of what was *shown* as who gets something.

    The *names* are those by which the words name the object. An object that is *taken* itself, and
    any use but as a destination, need no more than that the object is named.
    """
    if use is None or not use.is_destination or use.is_source:
        return True
    record = shown.record
    if record.kind and record.kind == taken:
        return True
    is_stated = use.is_place or words.states(use)
    if record.of == "principal":
        return not is_stated or words.has(_MINE, said=True)
    if any(map(words.addresses, names)) or words.has(_speaking(pattern), said=True):
        return True
    return not is_stated and any(words.source(name, use) for name in names)


def _speaking(pattern: str) -> re.Pattern[str]:
    """Return what stands in words that speak of a field."""
    field = next((part for part in reversed(pattern.split(".")) if part != "*"), "")
    own = words_of(field)
    if not own:
        return _NOTHING
    spoken = own | {f"{word}s" for word in own}
    for group in _GROUPS:
        if not own.isdisjoint(group):
            spoken |= group
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(spoken)))})\b")
