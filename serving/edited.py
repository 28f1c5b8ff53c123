"""Arguments as a person edits them: JSON in a file or in a form, read and written."""

import json
from collections.abc import Sequence
from typing import Any

from interlock.runtime.canonical import Json
from interlock.runtime.errors import BadInput
from interlock.tools.page import visible


def read(text: str | bytes, *, what: str) -> dict[str, Json]:
    """Return the arguments that stand in *text*, which *what* names; raises `BadInput`.

    A name that stands there twice is refused, so that nobody agrees to a value that nobody sees.
    """
    arguments = value(text, what=what)
    if not isinstance(arguments, dict):
        raise _unreadable(what, "it is no JSON object, which has names and values")
    return arguments


def value(text: str | bytes, *, what: str) -> Json:
    """Return the value that stands in *text* as JSON; raises as `read` does."""
    try:
        document: Json = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise _unreadable(what, f"it is no JSON: {error}") from error
    return document


def written(document: Json) -> str:
    """Return a value as JSON that a person can edit and that reads back as the same."""
    return escaped(json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True))


def escaped(text: str) -> str:
    """Return JSON in which what no person sees stands as its escape, so that a page keeps it."""
    return "".join(
        char if visible(char) == char else json.dumps(char)[1:-1] for char in text
    )


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{twice[0]!r} stands there twice")
    return dict(pairs)


def _unreadable(what: str, why: str) -> BadInput:
    return BadInput(
        what=what,
        why=why,
        next_step="Write it as JSON; all arguments together are one object.",
    )
