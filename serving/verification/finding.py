"""What was looked at, and whether it holds."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str
    ok: bool
    detail: str


def right(check: str, detail: str) -> Finding:
    """Return the finding that the thing holds."""
    return Finding(check=check, ok=True, detail=detail)


def wrong(check: str, detail: str) -> Finding:
    """Return the finding that the thing does not hold."""
    return Finding(check=check, ok=False, detail=detail)
