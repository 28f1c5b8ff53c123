"""Passwords: which are taken, and how one is kept and checked.

Hashes are argon2id with the second recommended option of RFC 9106 (64 MiB, three passes). A hash is
made on a thread of its own, two at a time in a process, so that guesses cannot take its memory.
"""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Final, TypeVar

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError

from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import identity

T = TypeVar("T")
SHORTEST: Final = 12  # characters
LONGEST: Final = 1_000  # characters: to hash more is work for nothing
#: With fewer different characters a password is a pattern
_FEWEST_DIFFERENT: Final = 5
#: Characters that a password has beside the name of its person
_FEWEST_OWN: Final = 8
_HASHER: Final = PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)
_THREADS: Final = ThreadPoolExecutor(
    max_workers=2, thread_name_prefix="interlock-password"
)


def refuse_weak(password: str, *, name: str) -> None:
    """Raise `BadInput` for a password that is too short, too long or little but the *name*."""
    why = _why_weak(_plain(password), name)
    if why:
        raise BadInput(
            what="the password",
            why=why,
            next_step="Choose another: several unrelated words are long and easy to keep.",
        )


async def hashed(password: str) -> str:
    """Return what is kept of a password."""
    return await _apart(partial(_HASHER.hash, _plain(password)))


async def is_right(password: str, kept: str) -> bool:
    """Whether the password is the one of which *kept* is kept.

    Where nothing is kept it takes as long to say no, so nobody learns who has an account.
    """
    guess = _plain(password)[: LONGEST + 1]
    return await _apart(lambda: _is_right(guess, kept or _decoy()))


def is_outdated(kept: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def _why_weak(password: str, name: str) -> str:
    own = identity(password).replace(identity(name), "")
    if len(password) < SHORTEST:
        return f"it has fewer than {SHORTEST} characters"
    if len(password) > LONGEST:
        return f"it has more than {LONGEST} characters"
    if len(set(password)) < _FEWEST_DIFFERENT:
        return f"it has fewer than {_FEWEST_DIFFERENT} different characters"
    if len(own) < _FEWEST_OWN:
        return "it is little more than the name"
    return ""


def _plain(password: str) -> str:
    """Return the form in which one password typed on two keyboards is the same."""
    return unicodedata.normalize("NFKC", password)


async def _apart(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work)


def _is_right(password: str, kept: str) -> bool:
    try:
        return _HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _decoy() -> str:
    """Return the hash of a password that nobody has."""
    return _HASHER.hash(secrets.token_urlsafe())
