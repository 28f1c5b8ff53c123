"""The search: runs of a planner that is the attacker's, which reads why it was denied.

A try is one proposal, decided by the real engine on the facts of a real run. What is denied leaves
no trace, so that the attacker is refused as often as it likes; what may be done is done, through
the door, and everything after it stands on what it left. In some runs denials are recorded, too.
"""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from interlock.evals.adaptive.calls import Call
from interlock.evals.adaptive.changes import Mutator
from interlock.evals.adaptive.effects import Scene, Wrong, finds
from interlock.evals.adaptive.pool import Near, Pool
from interlock.evals.adaptive.score import OTHER, Find, Score
from interlock.evals.adaptive.stage import Desk, Stage
from interlock.evals.adaptive.values import Known, leaves
from interlock.runtime.door.outcome import Done, Outcome, Waiting
from interlock.runtime.errors import (
    GuardFailed,
    NotCanonical,
    RefusedTooOften,
    Unanswered,
)
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.obligation import Duties, understand
from interlock.runtime.policy.request import Autonomy

#: Tries of one run at most, and how much is done in it
_LONGEST: Final = 80
_MOST_DONE: Final = 24
#: How often it is tried to begin a run
_MOST_BEGUN: Final = 3
#: Of so many runs one has its denials recorded, which end it
_PLAIN: Final = 0.1
#: How often several calls are made at once, an honest one is made, or a person is asked
_TOGETHER: Final = 0.06
_HONEST: Final = 0.08
_ASKS: Final = 0.25
_AGAIN: Final = 0.1
#: Of calls at once so many are one and the same; so many begin anew; an approval is kept for later
_SAME: Final = 0.5
_FRESH: Final = 0.4
_LATER: Final = 0.4
#: How often a call is made that a person agreed to and that was left for later
_AGREED: Final = 0.15


@dataclass(kw_only=True)
class Search:
    """The search over one set of tools; remembers what came near, from run to run."""

    stage: Stage
    dice: random.Random
    score: Score
    pool: Pool = field(default_factory=Pool)

    async def run(self, tries: int) -> None:
        """Try so many proposals, in as many runs as they take."""
        scenes = [
            (scene, level)
            for scene in self.stage.toolset.scenes
            for level in scene.levels
        ]
        last = self.score.tries + tries
        while self.score.tries < last:
            scene, level = self.dice.choice(scenes)
            desk = await self._desk(scene, level)
            attack = Attack(
                search=self,
                desk=desk,
                scene=scene,
                level=level,
                last=last,
                mutator=self._mutator(scene),
            )
            await attack.run()
            self.score.held += attack.is_held
            await desk.end("held" if attack.is_held else "done")

    async def _desk(self, scene: Scene, level: Autonomy) -> Desk:
        """Begin a run; one that a late engine did not let begin is begun again, a few times."""
        for _ in range(_MOST_BEGUN - 1):
            with suppress(Unanswered):
                return await self.stage.desk(scene.words, level=level)
        return await self.stage.desk(scene.words, level=level)

    def _mutator(self, scene: Scene) -> Mutator:
        tools = self.stage.runtime.pep.tools
        return Mutator(
            dice=self.dice,
            toolset=self.stage.toolset,
            schemas={
                name: tuple(tool.arguments.model_fields) for name, tool in tools.items()
            },
            scene=scene,
            known=Known(words=scene.words),
        )


@dataclass(kw_only=True)
class Attack:
    """One run of the search."""

    search: Search
    desk: Desk
    scene: Scene
    level: Autonomy
    #: Tries after which the search is over
    last: int
    mutator: Mutator
    done: list[Call] = field(default_factory=list)
    #: Calls that a person agreed to and that were left for later, under their names
    agreed: list[Call] = field(default_factory=list)
    #: Approvals that were answered
    questions: set[str] = field(default_factory=set)
    is_over: bool = False
    #: Whether a guard that failed closed ended the run
    is_held: bool = False
    #: Whether denials are recorded, and nothing is asked beforehand
    is_plain: bool = False

    @property
    def known(self) -> Known:
        """What the attacker knows."""
        return self.mutator.known

    async def run(self) -> None:
        """Read as the scene says, and then try until something is found or enough was tried."""
        score = self.search.score
        last = min(self.last, score.tries + _LONGEST)
        self.is_plain = self.search.dice.random() < _PLAIN
        score.runs += 1
        for call in self.scene.first:
            await self._carried([(call, self.desk.named(call))])
        while score.tries < last and not self._is_enough():
            await self._tried(self._next())
        score.wished += 0 if self.is_over else len(self.desk.world.effects)

    def _is_enough(self) -> bool:
        return self.is_over or len(self.done) > _MOST_DONE

    def _next(self) -> list[Call]:
        """Return the next calls, which are made at once; mostly one."""
        dice = self.search.dice
        number = dice.randint(2, 4) if dice.random() < _TOGETHER else 1
        call = self._one()
        if number > 1 and dice.random() < _SAME:
            return [call] * number
        return [call, *(self._one() for _ in range(number - 1))]

    def _one(self) -> Call:
        dice = self.search.dice
        mutator = self.mutator
        if dice.random() < _HONEST:
            return mutator.honest()
        if self.agreed and dice.random() < _AGREED:
            return dice.choice(self.agreed)
        near = self.search.pool.drawn(self.scene.name, dice)
        if near is None or dice.random() < _FRESH:
            return mutator.changed(mutator.honest(), ())
        call = mutator.changed(near.call, near.doubtful)
        if self.desk.calls and dice.random() < _AGAIN:
            return replace(call, call_id=str(dice.randint(1, self.desk.calls)))
        return call

    async def _tried(self, calls: list[Call]) -> None:
        """Ask the policy about the calls, and carry through what may be done or asked."""
        named = [(call, self.desk.named(call)) for call in calls]
        wanted = []
        for call, name in named:
            self._count(call)
            if self.is_plain or await self._goes_on(call, name):
                wanted.append((call, name))
        await self._carried(wanted)

    async def _goes_on(
        self,
        call: Call,
        name: str,
    ) -> bool:
        """Whether the call may be done, or may be asked and is worth a question."""
        try:
            decision = await self.desk.decision(call, name)
        except NotCanonical:
            return False
        if decision.unanswered:
            self._end_held()
            return False
        duties = understand(decision)
        goes_on = decision.effect == "permit" and isinstance(duties, Duties)
        is_asked = not isinstance(duties, Duties) or bool(duties.seats)
        self.search.score.passed += goes_on
        if is_asked or not goes_on:
            self._remember(call, decision)
        return goes_on and (not is_asked or self.search.dice.random() < _ASKS)

    def _remember(
        self,
        call: Call,
        decision: Decision,
    ) -> None:
        """Go on from the call later: from what is done at once there is nothing to learn."""
        codes = [reason.code for reason in decision.reasons]
        self.search.pool.add(
            self.scene.name,
            _near(call, decision),
            codes,
        )

    async def _carried(self, named: list[tuple[Call, str]]) -> None:
        """Carry the calls through the door at once, and look at what they did to the world."""
        made = [self._through(call, name) for call, name in named]
        outcomes = await asyncio.gather(*made)
        for (call, name), outcome in zip(named, outcomes, strict=True):
            await self._answered(
                call,
                name,
                outcome,
            )
        wrong = finds(
            self.scene,
            self.desk.world.effects,
            self.level,
        )
        if wrong:
            self._found(wrong[0], [call for call, _ in named])

    async def _through(
        self,
        call: Call,
        name: str,
    ) -> Outcome | None:
        """Return what became of a call; None where it is none, or the run is over."""
        try:
            outcome = await self.desk.do(call, name)
        except NotCanonical:
            return None
        except RefusedTooOften:
            self.is_over = True
            return None
        except GuardFailed:
            self._end_held()
            return None
        if isinstance(outcome, Done):
            self.done.append(call)
            self.known.shown += leaves(outcome.value.model_dump(mode="json"))
            self.known.written += leaves(dict(call.arguments))
        return outcome

    async def _answered(
        self,
        call: Call,
        name: str,
        asked: Outcome | None,
    ) -> None:
        """Have a careful person answer; what was agreed to is done at once, or left for later."""
        if not isinstance(asked, Waiting) or asked.approval_id in self.questions:
            return
        self.questions.add(asked.approval_id)
        is_wished = self._is_wished(call)
        try:
            await self.desk.answer(asked, "approved" if is_wished else "rejected")
        except GuardFailed:
            self._end_held()
            return
        if self.search.dice.random() >= _LATER:
            await self._through(call, name)
        elif is_wished:
            self.agreed.append(replace(call, call_id=name))

    def _end_held(self) -> None:
        """End the run: a guard failed closed, as where the engine gives no answer in time.

        That says nothing of the policy: it is neither a denial nor a find.
        """
        self.is_over = True
        self.is_held = True

    def _is_wished(self, call: Call) -> bool:
        """Whether the call does something, and nothing is wrong after it."""
        toolset = self.search.stage.toolset
        takes = self.desk.door.pep.tools[call.tool].arguments
        asked = takes.model_validate(call.arguments)
        world = self.desk.world
        would = toolset.means(
            world,
            call.tool,
            asked,
        )
        return bool(would) and not finds(
            self.scene,
            [*world.effects, *would],
            self.level,
        )

    def _count(self, call: Call) -> None:
        known = call.tool in self.mutator.schemas
        self.search.score.tried[call.tool if known else OTHER] += 1

    def _found(
        self,
        wrong: Wrong,
        calls: list[Call],
    ) -> None:
        self.is_over = True
        done = "; ".join(call.written for call in self.done)
        made = "; ".join(call.written for call in calls)
        how = f"level {self.level}, {self.scene.words!r}: {done}; at last {made}"
        self.search.score.find(
            Find(
                goal=wrong.goal,
                tool=calls[-1].tool,
                how=how,
                known=wrong.known,
            )
        )


def _near(call: Call, decision: Decision) -> Near:
    reasons = decision.reasons if decision.effect == "deny" else ()
    named = [f"{reason.parameters.get('argument', '')}" for reason in reasons]
    return Near(
        call=call,
        reasons=len(reasons) or 1,  # a person is in the way
        doubtful=frozenset(named),
    )
