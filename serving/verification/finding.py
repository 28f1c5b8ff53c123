"""A finding: one check of the installation, and whether the check passed."""

from dataclasses import dataclass

from interlock.runtime.errors import InterlockError


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """The result of one check."""

    #: What was checked, such as "rule tool_limits"
    check: str
    ok: bool
    #: What passed, or what is wrong
    detail: str
    #: How it failed, for programs; empty for what passed
    code: str = ""


def right(check: str, detail: str) -> Finding:
    """Return the finding that *check* passed."""
    return Finding(
        check=check,
        ok=True,
        detail=detail,
    )


def wrong(check: str, detail: str, *, code: str = "failed") -> Finding:
    """Return the finding that *check* failed."""
    return Finding(
        check=check,
        ok=False,
        detail=detail,
        code=code,
    )


def broken(check: str, error: Exception) -> Finding:
    """Return the finding that *check* broke with *error*, so nothing was proved."""
    if isinstance(error, InterlockError):
        return wrong(check, str(error), code=error.code)
    return wrong(check, f"{type(error).__name__}: {error}", code="broke")
