"""A bypass: a failure of another system, the program that does the same to ours, and its control.

What is told of a case is data in `cases.yaml`; here stands what is done.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from pydantic import BaseModel, ConfigDict

from interlock.evals.bypass import counter
from interlock.evals.guarantees.patch import Break
from interlock.tools import plain_yaml

_CASES: Final = Path(__file__).with_name("cases.yaml")
#: Does to ours what broke another system; returns what went wrong, and nothing where it held.
#: Whatever it raises says nothing: a program must not take a crash for a block
Program: TypeAlias = Callable[[Any], Awaitable[str]]
#: Opens a new place for one try, in an empty folder
Place: TypeAlias = Callable[[Path], AbstractAsyncContextManager[Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bypass:
    """What is done."""

    program: Program
    #: Takes the one guard away; the program must then find that something went wrong
    without: Break
    place: Place = counter.opened


class Told(BaseModel):
    """What is told of a case."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
    )

    #: Whose failure it is: the project, and where it was reported
    whose: str
    #: What went wrong there
    wrong: str
    #: What must be true of ours afterwards
    must: str


def told() -> dict[str, Told]:
    """Return what is told of each case, by id."""
    document: Any = plain_yaml.parse(_CASES.read_text("utf-8"))
    return {name: Told.model_validate(case) for name, case in document.items()}


async def went_wrong(bypass: Bypass, folder: Path) -> str:
    """Return what went wrong in a new place in *folder*; nothing where everything held."""
    async with bypass.place(folder) as place:
        return await bypass.program(place)
