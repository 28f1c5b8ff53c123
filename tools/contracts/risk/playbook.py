"""The playbook: what a clause, or its absence, means to one side, as YAML."""

from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import Field, ValidationError, model_validator

from interlock.runtime.canonical import digest
from interlock.runtime.door.tool import Value
from interlock.runtime.errors import BadInput
from interlock.tools import plain_yaml
from interlock.tools.contracts.side import Bound

Points: TypeAlias = Annotated[int, Field(ge=0, le=1000)]
Binds: TypeAlias = Literal["ours", "theirs", "any"]
#: Counts when the contract says it, when nothing in the contract says it, or when it says the
#: opposite
When: TypeAlias = Literal["present", "absent", "denied"]
SHIPPED: Final = Path(__file__).resolve().parent / "playbooks"
CUSTOMER: Final = SHIPPED / "customer.yaml"


_OPPOSITE: Final[dict[Binds, frozenset[Bound]]] = {
    "ours": frozenset({"theirs"}),
    "theirs": frozenset({"ours"}),
    "any": frozenset(),
}


class Position(Value):
    """Our position on one clause category."""

    category: str
    when: When
    #: Whose clause counts: one that binds us, one that binds them, or any
    binds: Binds = "any"
    #: The position counts only in a contract in which one of these categories is found
    only_with: tuple[str, ...] = ()
    points: Points
    why: str

    def concerns(self, bound: Bound) -> bool:
        """Tell whether a clause that binds *bound* is one that the position is about.

        A clause whose side is unclear always is: nothing is left out because it could not be read.
        """
        return bound not in _OPPOSITE[self.binds]


class Playbook(Value):
    """Positions, and the score from which a contract counts as medium or high risk."""

    name: str
    version: int
    #: For which end of the deal it is made
    side: Literal["customer", "supplier", "any"] = "any"
    #: Words of a contract's name, such as "license": then it is made for such contracts only
    types: tuple[str, ...] = ()
    medium: Points
    high: Points
    positions: tuple[Position, ...]

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if self.medium > self.high:
            raise ValueError("medium begins above high")
        stated = Counter(
            (position.category, position.when, position.binds)
            for position in self.positions
        )
        (category, when, binds), times = stated.most_common(1)[0]
        if times > 1:
            raise ValueError(
                f"the position on {category!r}, {when}, binds {binds}, stands {times} times"
            )
        return self

    @property
    def digest(self) -> str:
        """The digest of everything that the playbook says."""
        return digest(self.model_dump(mode="json"))

    @property
    def title(self) -> str:
        """Its name and version."""
        return f"{self.name}, v{self.version}"


def load(
    path: Path = CUSTOMER,
    *,
    categories: Collection[str] | None = None,
) -> Playbook:
    """Read a playbook; raises `BadInput` naming the file and the field.

    With *categories*, a position on anything else is refused.
    """
    try:
        playbook = Playbook.model_validate(
            plain_yaml.parse(path.read_text("utf-8")), strict=False
        )
    except (OSError, UnicodeDecodeError, plain_yaml.NotPlain) as error:
        raise _refused(path, "", " ".join(str(error).split())) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        why = first["msg"].removeprefix("Value error, ")
        raise _refused(path, where, why) from error
    if categories is None:
        return playbook
    for number, position in enumerate(playbook.positions):
        for category in (position.category, *position.only_with):
            if category not in categories:
                why = f"{category!r} is no clause category"
                raise _refused(path, f"positions.{number}", why)
    return playbook


def _refused(path: Path, where: str, why: str) -> BadInput:
    field = f", field {where}" if where else ""
    return BadInput(
        what=f"playbook {path}{field}",
        why=why,
        next_step="Correct the file; the shipped customer.yaml shows the form.",
    )
