"""Parts of a text with their places: the only one of a kind, or one that somebody names."""

import re
from collections.abc import Iterator
from typing import Any, Final

from interlock.runtime.door.plan.parts import is_part
from interlock.runtime.door.plan.plan import Part
from interlock.runtime.door.tool import Value
from interlock.runtime.policy.actionable import LONGEST, actionable
from interlock.runtime.policy.boundary import folded, written
from interlock.runtime.policy.moments import dates, numbers

_WORD: Final = re.compile(r"\S+")
_ID: Final = re.compile(r"(?<![\w-])(?=[\w-]*[0-9])[\w-]{3,64}(?![\w-])")
#: Words of the longest date as people write it
_WORDS: Final = 4
#: Characters around an amount in which its currency stands
_NEAR: Final = 5


class Found(Value):
    """One part of a text: what it says in the form of its kind, and where it stands.

    Places are characters of the text in its NFC form; -1 for a choice that stands nowhere.
    """

    value: str
    start: int
    end: int


def the_only(
    text: str,
    kind: Part,
) -> Found | None:
    """Return the only part of its kind; None for none or several.

    Whoever wrote the text could have added the second. Any words are of kind "text": none is alone.
    """
    if len(text) > LONGEST or kind == "text":
        return None
    for part in _parts(text, kind):
        if is_part(part.value, text, kind):
            return part
    return None


def stands(
    text: str,
    kind: Part,
    value: Any,
) -> Found | None:
    """Return the part that *value* says, one of any number of its kind; None for no part.

    Of kind "text" that is a whole word or phrase, as it stands.
    """
    if len(text) > LONGEST or not isinstance(value, str):
        return None
    if kind == "text":
        return _phrase(text, value.strip())
    for part in _parts(text, kind):
        near = _NEAR if kind == "amount" else 0
        said = written(text)[max(0, part.start - near) : part.end + near]
        if is_part(value, said, kind):
            return part
    return None


def _phrase(
    text: str,
    value: str,
) -> Found | None:
    start = folded(text).find(folded(value))
    if start < 0 or not is_part(value, text, "text"):
        return None
    end = start + len(folded(value))
    return Found(
        value=written(text)[start:end],
        start=start,
        end=end,
    )


def _parts(
    text: str,
    kind: Part,
) -> Iterator[Found]:
    """Yield what may be parts of one kind, in the form of the kind."""
    small = folded(text)
    if kind in {"number", "amount"}:
        for number, spans in numbers(small).items():
            for start, end in spans:
                yield Found(
                    value=format(number, "f"),
                    start=start,
                    end=end,
                )
    elif kind == "date":
        yield from _dates(small)
    elif kind == "id":
        for match in _ID.finditer(written(text)):
            yield Found(
                value=match[0],
                start=match.start(),
                end=match.end(),
            )
    else:
        for part in actionable(text) or ():
            start = small.find(folded(part))
            if start >= 0:
                yield Found(
                    value=part,
                    start=start,
                    end=start + len(folded(part)),
                )


def _dates(small: str) -> Iterator[Found]:
    """Yield the dates in a folded text, each in its fewest words."""
    words = list(_WORD.finditer(small))
    for count in range(1, _WORDS + 1):
        for first, last in zip(words, words[count - 1 :], strict=False):
            said = dates(small[first.start() : last.end()])
            if len(said) == 1:
                day = said.pop().isoformat()
                yield Found(
                    value=day,
                    start=first.start(),
                    end=last.end(),
                )
