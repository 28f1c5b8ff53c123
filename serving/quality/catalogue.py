"""Canaries: how a request that people were asked about becomes one that is known to be bad.

Files of data, shipped and of the home, so that nobody writes code to add one.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from interlock.runtime.errors import BadInput
from interlock.tools import plain_yaml

Change: TypeAlias = Literal["look_alike", "hidden", "digit", "add", "replace"]
SHIPPED: Final = Path(__file__).with_name("catalogue.yaml")
#: The file of a home
NAME: Final = "canaries.yaml"


class Entry(BaseModel):
    """One way to make a request bad."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
    )

    name: str
    tool: str
    #: The argument that is changed; of a list its first text
    argument: str
    change: Change
    #: What is added, or stands there instead
    value: str = ""


_ENTRIES: Final = TypeAdapter(list[Entry])


def entries(home: Path) -> Mapping[str, Entry]:
    """Return the shipped entries and those of the *home* by name; raises `BadInput`."""
    named = {entry.name: entry for entry in _read(SHIPPED)}
    own = home / NAME
    if own.exists():
        named |= {entry.name: entry for entry in _read(own)}
    return named


def _read(path: Path) -> list[Entry]:
    try:
        document: Any = plain_yaml.parse(path.read_text("utf-8"))
        return _ENTRIES.validate_python(document)
    except (OSError, ValueError, ValidationError) as error:
        raise BadInput(
            what=f"catalogue of canaries {path}",
            why=str(error).replace("\n", "; "),
            next_step="Write it as docs/howto/measure-review-quality.md shows.",
        ) from error
