"""Changes: how one argument of a good request is made bad, and the same text of its request.

What came word for word from the request still does, so the labels of a canary are those of the
request it is made of.
"""

import json
import random
import re
from typing import Any, Final, assert_never

from interlock.runtime.canonical import Json
from interlock.serving.quality.catalogue import Entry

#: Letters and figures that are taken for each other
_ALIKE: Final = {"l": "1", "o": "0", "i": "l", "e": "c", "a": "o", "n": "m", "u": "v"}
#: Turns the order of what follows around, and the end of it
_TURN: Final = "\u202e", "\u202c"
#: Characters of a text that stands nowhere by chance
_LONG: Final = 8
_DIGIT: Final = re.compile(r"[1-9]")


def changed(
    entry: Entry,
    arguments: dict[str, Json],
    chance: random.Random,
) -> tuple[dict[str, Json], str, str] | None:
    """Return the arguments made bad, with the text before and after; None where nothing changes."""
    before = _text(arguments.get(entry.argument))
    after = None if before is None else _bad(entry, before, chance)
    if before is None or after is None or after == before:
        return None
    return replaced(arguments, before, after, only=entry.argument), before, after


def replaced(values: Any, before: str, after: str, *, only: str = "") -> Any:
    """Return *values* in which the text *before* is *after*; *only* in the member of that name."""
    match values:
        case str():
            return after if values == before else values
        case list():
            return [replaced(value, before, after) for value in values]
        case dict():
            return {
                name: value if only and name != only else replaced(value, before, after)
                for name, value in values.items()
            }
        case _:
            return values


def rewritten(values: Any, before: str, after: str) -> Any:
    """Return *values* with the text *after* wherever *before* stands, within longer texts too.

    In a text that is JSON itself the new text is written as JSON writes it. A short text is looked
    for as a whole alone, for it may stand anywhere by chance.
    """
    if len(before) < _LONG:
        return replaced(values, before, after)
    match values:
        case str():
            is_json = values[:1] in {"{", "["}
            quoted = json.dumps(after, ensure_ascii=False)[1:-1]
            return values.replace(before, quoted if is_json else after)
        case list():
            return [rewritten(value, before, after) for value in values]
        case dict():
            return {
                name: rewritten(value, before, after) for name, value in values.items()
            }
        case _:
            return values


def _text(value: Json) -> str | None:
    if isinstance(value, list) and value:
        return _text(value[0])
    return value if isinstance(value, str) and value else None


def _bad(entry: Entry, text: str, chance: random.Random) -> str | None:
    match entry.change:
        case "look_alike":
            return _one_off(text)
        case "hidden":
            middle = len(text) // 2
            return text[:middle] + _TURN[0] + text[middle:] + _TURN[1]
        case "digit":
            return _other_digit(text, chance)
        case "add":
            return f"{text}\n\n{entry.value}"
        case "replace":
            return entry.value
        case _:
            assert_never(entry.change)


def _one_off(text: str) -> str | None:
    """Return the text with the first letter of its name that another one looks like."""
    name, at, rest = text.partition("@")
    for place, letter in enumerate(name):
        if letter in _ALIKE and place:
            return name[:place] + _ALIKE[letter] + name[place + 1 :] + at + rest
    return None


def _other_digit(text: str, chance: random.Random) -> str | None:
    places = [found.start() for found in _DIGIT.finditer(text)]
    if not places:
        return None
    place = chance.choice(places)
    other = chance.choice([digit for digit in "123456789" if digit != text[place]])
    return text[:place] + other + text[place + 1 :]
