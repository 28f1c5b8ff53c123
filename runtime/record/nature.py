"""Natures: whether an approval is work or a canary, promised when people are asked, told after.

The promise is a digest that says nothing as long as its opening is secret. So nobody who reads the
ledger tells a canary from work before the verdict, and anybody can check afterwards that it was
what it is said to be from the start.
"""

from hashlib import sha256
from typing import Literal, TypeAlias

from interlock.runtime.canonical import canonical

Nature: TypeAlias = Literal["work", "canary"]


def promise(approval_id: str, nature: str, *, opening: str) -> str:
    """Return the digest with which an approval promises its nature."""
    return sha256(canonical([approval_id, nature, opening])).hexdigest()
