"""The whole search: every set of tools, in pieces that processes share."""

import asyncio
import multiprocessing
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, assert_never

from interlock.evals.adaptive.bank.scenes import BANK
from interlock.evals.adaptive.office.scenes import OFFICE
from interlock.evals.adaptive.review.search import Review
from interlock.evals.adaptive.score import Score
from interlock.evals.adaptive.search import Search
from interlock.evals.adaptive.stage import opened
from interlock.evals.adaptive.toolset import Toolset
from interlock.evals.hostile import trials
from interlock.runtime.policy.engine.bundle import load
from interlock.serving.settings import BUNDLE

Part: TypeAlias = Literal["bank", "office", "review"]
#: Of a hundred tries
SHARES: Final[dict[Part, int]] = {
    "bank": 45,
    "office": 45,
    "review": 10,
}
#: Tries of a piece at most: what came near is remembered as long
_PIECE: Final = 9_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A part of the search that one process carries out."""

    part: Part
    tries: int
    seed: str
    #: The rules under which it is
    bundle: Path = BUNDLE


def pieces(tries: int, seed: int, bundle: Path = BUNDLE) -> Iterator[Piece]:
    """Yield pieces of so many tries together; the same for each number of processes."""
    for part, share in SHARES.items():
        left = max(1, tries * share // 100)
        while left > 0:
            yield Piece(
                part=part,
                tries=min(left, _PIECE),
                seed=f"{seed} {part} {left}",
                bundle=bundle,
            )
            left -= _PIECE


def searched(wanted: Sequence[Piece], *, jobs: int) -> list[tuple[Part, Score]]:
    """Carry out the pieces, *jobs* at once, and return what came of each."""
    if jobs == 1 or len(wanted) == 1:
        return [(piece.part, _carried_out(piece)) for piece in wanted]
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs, mp_context=fork) as pool:
        done = list(pool.map(_carried_out, wanted))
    return [(piece.part, score) for piece, score in zip(wanted, done, strict=True)]


def _carried_out(piece: Piece) -> Score:
    return asyncio.run(_search(piece))


async def _search(piece: Piece) -> Score:
    dice = random.Random(piece.seed)  # noqa: S311 - a search that can be repeated
    score = Score()
    match piece.part:
        case "bank":
            await _over(BANK, piece, dice, score)
        case "office":
            await _over(OFFICE, piece, dice, score)
        case "review":
            async with trials.place(piece.bundle) as place:
                review = Review(place=place, dice=dice, score=score)
                await review.run(piece.tries)
        case _:
            assert_never(piece.part)
    return score


async def _over(
    toolset: Toolset, piece: Piece, dice: random.Random, score: Score
) -> None:
    async with opened(toolset, load(piece.bundle)) as stage:
        search = Search(
            stage=stage,
            dice=dice,
            score=score,
        )
        await search.run(piece.tries)
