"""The data files of a workspace, `policies/*.yaml`, laid over the data of the shipped rails.

Maps merge by key. A list or a single value replaces the one below it. `null` removes a key. The
files of one folder have no order, so two of them may not set the same place.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from interlock.serving.policy.finding import Finding, Unfit
from interlock.tools import plain_yaml

#: Where a value stands in the data: its keys from the top
Place: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """The content of one data file."""

    file: Path
    content: Mapping[str, Any]


def read(folder: Path) -> tuple[Layer, ...]:
    """Return the data files of *folder*; there are none when the folder does not exist.

    Raises `Unfit` for a file that cannot be read, is not YAML or is no map, and when two files or
    one file twice set the same place.
    """
    files = _files(folder)
    layers = tuple(Layer(file=file, content=_content(file)) for file in files)
    for number, layer in enumerate(layers):
        for other in layers[:number]:
            _apart(layer, other)
    return layers


def merged(config: Mapping[str, Any], layers: Sequence[Layer]) -> dict[str, Any]:
    """Return *config* with every layer laid over it; nothing that is handed in is changed."""
    result = dict(config)
    for layer in layers:
        result = laid(result, layer.content)
    return result


def laid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return the map *below* with the map *above* laid over it."""
    result = dict(below)
    for key, value in above.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            inner = result.get(key)
            result[key] = laid(inner if isinstance(inner, Mapping) else {}, value)
        else:
            result[key] = value
    return result


def origin(layers: Sequence[Layer], place: Place) -> str:
    """Return the name of the file that sets *place*, or the nearest place above it."""
    for length in range(len(place), 0, -1):
        for layer in layers:
            if _holds(layer.content, place[:length]):
                return f"{layer.file.parent.name}/{layer.file.name}"
    return "the shipped rails"


def named(place: Place) -> str:
    """Return a place as it is written in messages."""
    return ".".join(place)


def _files(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])


def _content(file: Path) -> Mapping[str, Any]:
    where = f"{file.parent.name}/{file.name}"
    try:
        document = plain_yaml.parse(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Unfit(
            Finding(
                code="unreadable",
                where=where,
                detail=str(error),
            )
        ) from error
    except plain_yaml.NotPlain as error:
        raise Unfit(
            Finding(
                code="not_yaml",
                where=where,
                detail=str(error),
            )
        ) from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        detail = f"it is a {type(document).__name__}, not a map of names to values"
        raise Unfit(
            Finding(
                code="wrong_type",
                where=where,
                detail=detail,
            )
        )
    return document


def _apart(layer: Layer, other: Layer) -> None:
    """Raise `Unfit` when both layers set one place."""
    for place in _leaves(layer.content):
        if _meets(other.content, place):
            raise Unfit(
                Finding(
                    code="set_twice",
                    where=f"{layer.file.parent.name}/{layer.file.name}",
                    detail=f"{named(place)} is set in {other.file.name} too",
                )
            )


def _leaves(content: Mapping[str, Any], above: Place = ()) -> Iterator[Place]:
    for key, value in content.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*above, key))
        else:
            yield (*above, key)


def _meets(content: Any, place: Place) -> bool:
    """Tell whether *content* sets *place*, or a value above *place* that is no map."""
    for key in place:
        if not isinstance(content, Mapping):
            return True
        if key not in content:
            return False
        content = content[key]
    return True


def _holds(content: Any, place: Place) -> bool:
    for key in place:
        if not isinstance(content, Mapping) or key not in content:
            return False
        content = content[key]
    return True
