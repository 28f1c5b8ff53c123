"""How releases stand: which one is in force by whom, and the rollout of another one beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from interlock.runtime.run.promotion import Turn
from interlock.runtime.run.rollout import Rollout
from interlock.serving.operations import release_looks
from interlock.serving.operations.release_looks import Shown
from interlock.serving.queue.visitor import Visitor
from interlock.serving.rollouts import Ground, Line, apart, ground, lines

#: Decisions on one page
_MOST: Final = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """One decision about a rollout, with what it rests on; None for a person's."""

    rollout: Rollout
    ground: Ground | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What the page shows."""

    #: None where no release was ever in force
    in_force: Shown | None
    turns: Sequence[Turn]
    #: The newest rollout, over or not
    rollout: Rollout | None
    #: Its shares of both releases at its step
    lines: Sequence[Line]
    #: By release, how many runs of the step are compared with nothing, and why
    apart: Mapping[str, Mapping[str, int]]
    decided: Sequence[Decided]
    #: Below this entry the decisions go on; 0 for no more
    older: int


async def standing(visitor: Visitor, *, below: int | None) -> Standing:
    """Return how releases stand, with the decisions older than the entry *below*.

    Raises as `release_looks.shown` does: a release that does not verify is not shown (fails
    closed).
    """
    home, person = visitor.home, visitor.person
    turns = await release_looks.turns(home, person=person)
    newest = await release_looks.rollouts(home, person=person, limit=1)
    listed = await release_looks.rollouts(
        home,
        person=person,
        below=below,
        limit=_MOST + 1,
    )
    shown = None
    if turns:
        shown = await release_looks.shown(home, turns[0].release, person=person)
    kept = listed[:_MOST]
    return Standing(
        in_force=shown,
        turns=turns,
        rollout=newest[0] if newest else None,
        lines=lines(newest[0]) if newest else (),
        apart=apart(newest[0]) if newest else {},
        decided=[Decided(rollout=one, ground=ground(one)) for one in kept],
        older=kept[-1].seq if len(listed) > _MOST else 0,
    )
