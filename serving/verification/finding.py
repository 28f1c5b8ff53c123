"""A finding: one check of the installation, and whether the check passed."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """The result of one check."""

    #: What was checked, such as "rule tool_limits"
    check: str
    ok: bool
    #: What passed, or what is wrong
    detail: str


def right(check: str, detail: str) -> Finding:
    """Return the finding that *check* passed."""
    return Finding(
        check=check,
        ok=True,
        detail=detail,
    )


def wrong(check: str, detail: str) -> Finding:
    """Return the finding that *check* failed."""
    return Finding(
        check=check,
        ok=False,
        detail=detail,
    )
