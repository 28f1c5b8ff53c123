"""A candidate: one of the models behind a name, and how it has done of late in this process."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from langchain_core.messages import AIMessage

from interlock.runtime.policy.decision import Permit
from interlock.tools.models.generation import Generate
from interlock.tools.models.no_answer import NoAnswer, Why
from interlock.tools.models.router.breaker import Breaker
from interlock.tools.models.router.retries import Retries
from interlock.tools.models.served import Model, Served

#: Returns the places at which a model is served now, the one to which the key belongs first
Places: TypeAlias = Callable[[str], Sequence[Model]]
#: Says nothing of the model's health: it turned the call away, or could not mend its words
_NO_MARK: Final[frozenset[Why]] = frozenset(
    {"overloaded", "refused", "resting", "redirected", "unfit"}
)
#: A server that is full is left alone at most so long
MOST_REST_S: Final = 30.0
_REST_S: Final = 1.0
#: Of the messages: what questions over one text have in common
_KEY_CHARACTERS: Final = 4_096


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """One model that may answer for a name."""

    name: str
    served: Served
    weight: int = 1
    region: str = ""
    #: It answers only where better ones do not, and its answer is called degraded
    is_fallback: bool = False
    #: Where the model is, if it has several places or moves; None where `served` says it
    places: Places | None = None
    breaker: Breaker = field(default_factory=lambda: Breaker(clock=time.monotonic))
    clock: Callable[[], float] = time.monotonic

    async def asked(
        self, permit: Permit, arguments: Generate, *, retries: Retries
    ) -> AIMessage:
        """Return the model's message.

        Raises `NoAnswer` where there is none, at once where the model is left alone. How the call
        went is marked, unless it says nothing of the model.
        """
        if not self.breaker.enter():
            why = "it failed too often, or asked to be left alone"
            raise NoAnswer(why="resting", detail=why)
        began = self.clock()
        is_well: bool | None = None
        try:
            answer = await self._tried(permit, arguments, retries)
            is_well = True
        except NoAnswer as error:
            is_well = None if error.why in _NO_MARK else False
            if error.why == "overloaded":
                self.breaker.rest(min(error.retry_after_s or _REST_S, MOST_REST_S))
            raise
        finally:
            self.breaker.leave(is_well=is_well, took_s=self.clock() - began)
        return answer

    async def _tried(
        self, permit: Permit, arguments: Generate, retries: Retries
    ) -> AIMessage:
        ways = self._ways(arguments.messages[:_KEY_CHARACTERS])
        async for attempt in retries.tries():
            with attempt:
                way = ways[(attempt.num - 1) % len(ways)]
                return await way.answer(permit, arguments)
        raise TypeError("a question is tried at least once")

    def _ways(self, key: str) -> Sequence[Served]:
        """Return the places to ask, the best first; raises `NoAnswer` where there is none."""
        if self.places is None:
            return (self.served,)
        models = self.places(key)
        if not models:
            why = "none of its replicas is ready"
            raise NoAnswer(why="away", detail=why, has_left=False)
        return [replace(self.served, model=model) for model in models]
