"""What is other now than what a person was shown, as a page shows it."""

from dataclasses import dataclass

from interlock.runtime.run.difference import Difference
from interlock.serving.queue.hidden import Part, parts


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One field, as it was shown and as it is now."""

    field: str
    before: tuple[Part, ...]
    now: tuple[Part, ...]


def change_of(difference: Difference) -> Change:
    """Return the difference with its hidden characters made visible."""
    return Change(
        field=difference.field,
        before=tuple(parts(difference.before)),
        now=tuple(parts(difference.now)),
    )
