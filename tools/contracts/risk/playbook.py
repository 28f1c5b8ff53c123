"""The playbook: what a clause, or its absence, means to us, as YAML."""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError

from interlock.runtime.door.tool import Value
from interlock.runtime.errors import BadInput

_DEFAULT = Path(__file__).resolve().parent / "playbook.yaml"
Points = Annotated[int, Field(ge=0, le=1000)]


class Position(Value):
    """Our position on one clause category."""

    category: str
    #: Points when the clause is found, or when it is missing
    when: Literal["present", "absent"]
    points: Points
    why: str


class Playbook(Value):
    """Positions, and the score from which a contract counts as medium or high risk."""

    name: str
    version: int
    medium: Points
    high: Points
    positions: tuple[Position, ...]


def load(path: Path = _DEFAULT) -> Playbook:
    """Read a playbook; raises `BadInput` naming the file and the field."""
    try:
        return Playbook.model_validate(
            yaml.safe_load(path.read_text("utf-8")), strict=False
        )
    except (OSError, yaml.YAMLError) as error:
        raise BadInput(
            what=f"playbook {path}",
            why=str(error),
            next_step="Check the file.",
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(
            what=f"playbook {path}, field {where}",
            why=first["msg"],
            next_step="Correct it.",
        ) from error
