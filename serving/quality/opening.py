"""Openings: when a person was shown an approval, in a token that only this home makes.

The page carries the token to the verdict, so nothing is written when somebody looks, and nobody
claims another time than the server's. A token that is not good says nothing.
"""

import secrets
from typing import Final

from interlock.runtime.policy.request import identity
from interlock.runtime.record.vault import Vault

_DIGITS: Final = 32


def made(vault: Vault, *, approval: str, person: str, at: int) -> str:
    """Return the token for the approval that *person* was shown *at* that second."""
    return f"{at}-{_mark(vault, approval, person, str(at))}"


def read(vault: Vault, token: str, *, approval: str, person: str) -> int:
    """Return when the approval was opened, in Unix seconds, or 0 for a token that is not good."""
    at, _, mark = token.partition("-")
    if not at.isdecimal() or not mark.isascii():
        return 0
    return (
        int(at)
        if secrets.compare_digest(mark, _mark(vault, approval, person, at))
        else 0
    )


def _mark(vault: Vault, approval: str, person: str, at: str) -> str:
    said = f"{approval}/{at}/{identity(person)}".encode()
    return vault.mark(b"opened", said).hex()[:_DIGITS]
