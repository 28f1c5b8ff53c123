"""What the principal asks for, as a run's request: the text, and with it the values in the text.

Today's rules trust a value that stands literally in the request. So a caller that wants its agent
to act alone names the values beside the text; here they are picked out of the text by form alone.
"""

import re
from collections.abc import Iterator
from typing import Final

from interlock.evals.agentdojo.foreign import decimal
from interlock.runtime.door.tool import Value

#: The most words in one name or title
LONGEST: Final = 8
#: An id of fewer characters stands in many a text by chance
SHORTEST: Final = 3
_WORD: Final = re.compile(r"\S+")
_NUMBER: Final = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?![\w])")
_QUOTED: Final = re.compile(r"'([^'\n]+)'|\"([^\"\n]+)\"")
_AROUND: Final = ".,;:!?'\"()[]$"


class Asked(Value):
    """A request."""

    text: str
    #: Values that stand in the text
    mentions: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    #: An argument that is left out is nothing that anybody chose
    absent: None = None


def asked(text: str) -> Asked:
    """Return the request of *text*, with the values that stand there."""
    numbers = [float(number.replace(",", "")) for number in _NUMBER.findall(text)]
    values = {*_phrases(text), *map(decimal, numbers)}
    whole = {int(number) for number in numbers if number.is_integer()}
    return Asked(
        text=text,
        mentions=tuple(sorted(values)),
        numbers=tuple(sorted(n for n in whole if len(str(n)) >= SHORTEST)),
    )


def _phrases(text: str) -> Iterator[str]:
    """Yield what is quoted, and every run of words without the marks around it."""
    for quoted in _QUOTED.findall(text):
        yield from filter(None, quoted)
    words = _WORD.findall(text)
    for begin in range(len(words)):
        for end in range(begin + 1, min(begin + LONGEST, len(words)) + 1):
            phrase = " ".join(words[begin:end])
            bare = phrase.strip(_AROUND)
            for form in (phrase, bare, bare.removesuffix("'s")):
                if not (form.isdecimal() and len(form) < SHORTEST):
                    yield form
