"""Leaves: how one value of a result is looked up, and whether it says something by itself."""

from typing import Any

from interlock.runtime.policy.sameness import decimal_of


def is_proof(
    leaf: Any,
    *,
    kind: str,
    id: str,  # noqa: A002 - the object's
) -> bool:
    """Whether the leaf says something by itself, or is the number of an object of some kind."""
    if leaf is None or leaf == "" or isinstance(leaf, bool):
        return False
    return not _is_number(leaf) or bool(kind and id == str(leaf))


def key_of(
    leaf: Any,
    kind: str,
) -> str:
    """Return how a leaf is looked up: a number with its *kind*, and as the type that it has."""
    name = f"{type(leaf).__name__}:{leaf}"
    return f"{kind}#{name}" if _is_number(leaf) else name


def _is_number(leaf: Any) -> bool:
    is_digits = isinstance(leaf, str) and leaf.isdecimal()
    return is_digits or decimal_of(leaf) is not None
