"""The outside of a drill: a file of lines that only the tools of the drill write to.

The product cannot see the file, so what happened twice or never is counted from outside.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FILE: Final = "effects"


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """One effect that happened: for which run, by which tool, under which idempotency key."""

    run_id: str
    tool: str
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Outside:
    """The outside in one folder; any number of processes may write to it."""

    folder: Path

    def add(self, effect: Effect) -> None:
        """Let the effect happen: one line, whole or not at all, whoever is killed when."""
        line = f"{effect.run_id} {effect.tool} {effect.key}\n"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        lines = os.open(self.folder / _FILE, flags, 0o600)
        try:
            os.write(lines, line.encode())
        finally:
            os.close(lines)

    def happened(self, key: str) -> bool:
        """Whether an effect with the key happened."""
        return any(effect.key == key for effect in self.effects())

    def effects(self) -> list[Effect]:
        """Return everything that happened, in order."""
        file = self.folder / _FILE
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        return [
            Effect(
                run_id=run_id,
                tool=tool,
                key=key,
            )
            for run_id, tool, key in (line.split() for line in lines)
        ]
