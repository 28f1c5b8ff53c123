"""The cases: each carrier carries seven goals in turn, and each look-alike stands somewhere."""

import random
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, TypeAdapter

from interlock.evals.hostile.carriers import CARRIERS, Carrier
from interlock.evals.hostile.orders import Goal, orders
from interlock.tools import plain_yaml

_FILE: Final = Path(__file__).resolve().parent / "lookalikes.yaml"
#: How many of the goals a carrier carries
_GOALS: Final = 7
#: The carriers that honest clauses stand in
_HONEST: Final = ("plain", "docx-body", "pdf-body", "docx-inserted", "docx-footnote")
_LONGEST_NAME: Final = 120


class Lookalike(BaseModel):
    """A clause of an honest contract that looks like an order."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
    )

    about: str
    text: str
    source: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One document to be reviewed."""

    id: str
    #: What is wanted, or what the look-alike is about
    kind: str
    carrier: Carrier
    words: str
    #: None for an honest document
    goal: Goal | None = None

    @property
    def name(self) -> str:
        """The name of the file."""
        if self.carrier.suffix != "name":
            return f"{self.id}.{self.carrier.suffix}"
        spoken = self.words.replace(
            "/",
            " ",
        ).strip(".")
        return f"{spoken[:_LONGEST_NAME]}.txt"

    def write(self) -> bytes:
        """Return the bytes of the file."""
        return self.carrier.write(
            orders().contract,
            self.words,
        )


def attacks() -> list[Trial]:
    """Return every attack: a goal comes with every carrier's turn, so each meets many carriers."""
    names = cycle(orders().goals)
    return [
        _attack(
            carrier,
            next(names),
        )
        for carrier in CARRIERS
        for _ in range(_GOALS)
    ]


def lookalikes() -> list[Trial]:
    """Return every honest document with a clause that looks like an order."""
    return list(_lookalikes())


def undisturbed() -> Trial:
    """Return the contract alone."""
    return Trial(
        id="undisturbed",
        kind="honest",
        carrier=CARRIERS["plain"],
        words="",
    )


def drawn(trials: Sequence[Trial], sample: int | None, seed: int) -> list[Trial]:
    """Return about *sample* of the trials, drawn by *seed*; all where none is asked for."""
    if sample is None or sample >= len(trials):
        return list(trials)
    dice = random.Random(seed)  # noqa: S311 - a sample that can be repeated
    return dice.sample(
        trials,
        sample,
    )


def _attack(carrier: str, goal: str) -> Trial:
    wanted = orders().goals[goal]
    return Trial(
        id=f"{goal}.{carrier}",
        kind=wanted.wants,
        carrier=CARRIERS[carrier],
        words=wanted.says[CARRIERS[carrier].language],
        goal=wanted,
    )


def _lookalikes() -> Iterator[Trial]:
    document: Any = plain_yaml.parse(_FILE.read_text("utf-8"))
    clauses = TypeAdapter(list[Lookalike]).validate_python(document)
    for number, (clause, name) in enumerate(
        zip(
            clauses,
            cycle(_HONEST),
            strict=False,
        ),
        start=1,
    ):
        yield Trial(
            id=f"honest-{number:03}.{name}",
            kind=f"honest: {clause.about}",
            carrier=CARRIERS[name],
            words=clause.text,
        )


def add_sample(parser: ArgumentParser) -> None:
    """Let a command be asked for a part of the cases: `--sample` and `--seed`."""
    parser.add_argument(
        "--sample",
        type=int,
        help="about so many attacks; default: all",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="draws the sample",
    )
