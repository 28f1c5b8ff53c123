"""Failures: the problems of the API as errors, sorted by what the caller can do."""

from collections.abc import Mapping
from typing import Any, Final


class Refused(Exception):
    """The API did not do what was asked; *code* says why and never changes."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", "unreadable"))
        self.codes = tuple(problem.get("codes") or ())
        self.field: str | None = problem.get("field")
        self.next_step = str(problem.get("next_step", ""))
        self.request_id = str(problem.get("request_id", ""))
        super().__init__(f"{problem.get('detail', self.code)} {self.next_step}".strip())


class Unknown(Refused):
    """The key is missing, wrong, expired or revoked."""


class Forbidden(Refused):
    """The policy says no; `codes` are its reasons."""


class Missing(Refused):
    """There is no such thing in your tenant, or there is no more."""


class Conflicting(Refused):
    """It is not as the request takes it to be: look again."""


class Unreadable(Refused):
    """The request is not well formed, or too large."""


class Unreachable(Refused):
    """The service could not do it now, after every try that was safe; nothing says it was done."""


class Defective(Refused):
    """The service broke; name `request_id` to whoever runs it."""


_KINDS: Final[Mapping[int, type[Refused]]] = {
    401: Unknown,
    403: Forbidden,
    404: Missing,
    409: Conflicting,
    410: Missing,
    429: Unreachable,
    503: Unreachable,
}
_SERVER: Final = 500


def failure(status: int, problem: Mapping[str, Any]) -> Refused:
    """Return the error of an answer with this *status*."""
    other = Defective if status >= _SERVER else Unreadable
    return _KINDS.get(status, other)(status, problem)
