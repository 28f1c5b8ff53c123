"""The variables of the environment that libraries read by themselves, and what becomes of each.

The list is data, `environment.toml` beside this file. A variable of which a library would send or
keep what nobody decided on stops everything before it opens (fails closed).
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeAlias

from interlock.runtime.errors import VariableRefused

Treatment: TypeAlias = Literal["refused", "neutralised", "obeyed", "local"]
_LIST: Final = Path(__file__).with_suffix(".toml")
#: What says "not on", in every spelling that libraries take
_OFF: Final = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """Variables that are treated alike."""

    #: Exact, or with a * at its end
    names: tuple[str, ...]
    library: str
    treatment: Treatment
    why: str


@cache
def variables() -> tuple[Variable, ...]:
    """Return the list, in its order."""
    rows = tomllib.loads(_LIST.read_text("utf-8"))["variables"]
    return tuple(Variable(**{**row, "names": tuple(row["names"])}) for row in rows)


def variable(name: str) -> Variable | None:
    """Return the first entry of the list that is about *name*, or None when nobody listed it."""
    for entry in variables():
        if any(fnmatchcase(name, pattern) for pattern in entry.names):
            return entry
    return None


def present(
    environment: Mapping[str, str] | None = None,
) -> Iterator[tuple[str, Variable]]:
    """Yield every variable of the list that is set, with its entry, by name."""
    for name, value in sorted(
        (os.environ if environment is None else environment).items()
    ):
        entry = variable(name)
        if entry is not None and value.strip().lower() not in _OFF:
            yield name, entry


def refuse(environment: Mapping[str, str] | None = None) -> None:
    """Raise `VariableRefused` for the first variable that is set and refused."""
    for name, entry in present(environment):
        if entry.treatment == "refused":
            raise VariableRefused(name=name, library=entry.library, why=entry.why)
