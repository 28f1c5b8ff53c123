"""Spoken fields: which fields of a request are the principal's own words, said in sentences."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, TypeAlias, get_args

from pydantic import BaseModel

from interlock.runtime.canonical import Json

#: Marks the type of such a field; nothing else is equal to it
_MARK: Final = object()
#: The type of a field of a request that holds the principal's own words. Any other text of a
#: request vouches for a value only as a whole
Spoken: TypeAlias = Annotated[str, _MARK]


def spoken_fields(request: type[BaseModel]) -> frozenset[str]:
    """Return the names of the fields of *request* that are `Spoken`, or lists of such texts.

    Fields of what stands within a field do not count (fails closed).
    """
    return frozenset(
        name
        for name, field in request.model_fields.items()
        if _MARK in field.metadata or _is_marked(field.annotation)
    )


def texts_of(request: Mapping[str, Json], fields: frozenset[str]) -> dict[str, str]:
    """Return the texts in the *fields* of a request, each by its place."""
    return dict(
        text
        for name in sorted(fields)
        if name in request
        for text in _texts(name, request[name])
    )


def _is_marked(kind: Any) -> bool:
    if _MARK in getattr(kind, "__metadata__", ()):
        return True
    return any(_is_marked(part) for part in get_args(kind))


def _texts(place: str, value: Json) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _texts(f"{place}.{index}", item)
