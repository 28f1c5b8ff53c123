"""How an API key is written: `ilk_`, its id, its secret and a checksum of both.

The checksum tells a mistyped key from a wrong one, and a scanner a key from a text like one; it
guards nothing.
"""

import re
import secrets
import string
from dataclasses import dataclass, field
from typing import Final, Self
from zlib import crc32

PREFIX: Final = "ilk"
_DIGITS: Final = string.ascii_lowercase + string.digits
_ID: Final = 12
#: 52 of 36 digits are 268 bits
_SECRET: Final = 52
_CHECK: Final = 7
_FORM: Final = re.compile(
    rf"{PREFIX}_([a-z0-9]{{{_ID}}})_([a-z0-9]{{{_SECRET}}})([a-z0-9]{{{_CHECK}}})",
    re.ASCII,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyText:
    """One key as its holder has it."""

    id: str
    secret: str = field(repr=False)

    @classmethod
    def new(cls) -> Self:
        """Return a new key of random digits."""
        return cls(id=_random(_ID), secret=_random(_SECRET))

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the key that is written so, or None for what is no key at all."""
        match = _FORM.fullmatch(text)
        if match is None:
            return None
        name, secret, check = match.groups()
        return cls(id=name, secret=secret) if check == _check(name, secret) else None

    def written(self) -> str:
        """Return the key as it is shown, once."""
        check = _check(self.id, self.secret)
        return f"{PREFIX}_{self.id}_{self.secret}{check}"


def _random(length: int) -> str:
    return "".join(secrets.choice(_DIGITS) for _ in range(length))


def _check(name: str, secret: str) -> str:
    number = crc32(f"{PREFIX}_{name}_{secret}".encode())
    digits = []
    for _ in range(_CHECK):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
