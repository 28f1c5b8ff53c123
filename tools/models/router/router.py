"""The router: the models behind each name, and which of them one call goes to.

The choice is made when the call is proposed, so the policy judges the very model that is asked: its
clearance, its place, its price. A model whose clearance does not reach is no choice; where none
reaches, the best cleared one is proposed, and the policy denies it (fails closed).
"""

from collections.abc import Mapping, Sequence
from typing import Final, Self, get_args

from langchain_core.messages import AIMessage

from interlock.runtime.door.target import Caller, Failure, Target
from interlock.runtime.door.tool import ToolFailed
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.label import Confidentiality
from interlock.runtime.policy.request import Amounts, Resource
from interlock.tools.models import fit
from interlock.tools.models.generation import UNFIT, Generate
from interlock.tools.models.no_answer import ANSWER_S, CODES, OUTAGES, NoAnswer, ended
from interlock.tools.models.router.calls import MOST_MOVES, Call, Calls
from interlock.tools.models.router.candidate import Candidate
from interlock.tools.models.router.retries import Retries
from interlock.tools.models.router.weights import WeightsOf, ranked
from interlock.tools.models.served import Served
from interlock.tools.models.usage import estimated

_RANKS: Final[tuple[Confidentiality, ...]] = get_args(Confidentiality)


class Router:
    """Lives as long as the tools; it knows the health of models in this process alone."""

    def __init__(
        self,
        aliases: Mapping[str, Sequence[Candidate]],
        *,
        weights: WeightsOf | None = None,
        retries: Retries | None = None,
    ) -> None:
        self._aliases = {alias: tuple(those) for alias, those in aliases.items()}
        self._weights = weights
        self._retries = retries or Retries()
        self._calls = Calls()

    @classmethod
    def of(cls, models: Mapping[str, Served]) -> Self:
        """Return the router over one model for each name."""
        return cls(
            {
                alias: (
                    Candidate(
                        name=alias,
                        served=served,
                    ),
                )
                for alias, served in models.items()
            }
        )

    @property
    def names(self) -> list[str]:
        """The names that models go by."""
        return sorted(self._aliases)

    @property
    def answer_s(self) -> float:
        """How long the slowest of all models may take for one answer."""
        those = [one.served for of in self._aliases.values() for one in of]
        return max((served.answer_s for served in those), default=ANSWER_S)

    def candidates(self, alias: str) -> Sequence[Candidate]:
        """Return the models behind a name, in their order; none where nobody has that name."""
        return self._aliases.get(alias, ())

    def aim(
        self,
        arguments: Generate,
        caller: Caller,
    ) -> Target:
        """Return the model that the call goes to, and the most that it may cost there."""
        tokens = estimated(arguments.messages + arguments.tools + arguments.form)
        chosen = self._chosen(arguments, caller)
        if chosen is None:
            unknown = Resource(
                type="model",
                id=arguments.model,
                clearance="public",
            )
            return Target(
                resource=unknown,
                cost=Amounts(
                    steps=1,
                    tokens=tokens,
                ),
            )
        served = chosen.served
        tokens += served.longest_answer
        cost = Amounts(
            steps=1,
            tokens=tokens,
            money_micro=served.price(tokens),
        )
        return Target(
            resource=self._place(arguments.model, chosen),
            cost=cost,
        )

    def named(
        self,
        permit: Permit,
        arguments: Generate,
    ) -> Candidate:
        """Return the model that the permit names; raises `ToolFailed` for an unknown name."""
        for candidate in self.candidates(arguments.model):
            if self._place(arguments.model, candidate) == permit.resource:
                return candidate
        detail = f"no model {arguments.model!r}; there are {self.names}"
        raise ToolFailed(
            code="unknown_model",
            detail=detail,
        )

    async def answer(
        self,
        permit: Permit,
        arguments: Generate,
        candidate: Candidate,
    ) -> AIMessage:
        """Return the message of *candidate*, which keeps to what was asked for.

        Raises `ToolFailed` with what went wrong, and `Unavailable` where an outage is to blame and
        no other model may be asked.
        """
        call = self._calls.of(permit.run_id, arguments)
        try:
            message = await candidate.asked(permit, arguments, retries=self._retries)
            fit.check(message, arguments)
        except NoAnswer as error:
            where = candidate.served.where
            if error.code != UNFIT or arguments.is_repaired:
                call.tried.add(candidate.name)
            if not call.has_other(arguments):
                raise ended(
                    error,
                    what=where,
                    permit=permit,
                ) from error
            raise ToolFailed(
                code=error.code,
                detail=f"{where}: {error.detail}",
                is_spent=error.is_spent,
            ) from error
        return message

    def instead(
        self,
        arguments: Generate,
        caller: Caller,
        failure: Failure,
    ) -> Generate | None:
        """Return the call that stands in for a failed one: told what was wrong, or elsewhere.

        An outage that left nobody else to ask has held the run. So whoever finds it recorded
        carries the run on, and the question is asked anew, by a call that has its own price.
        """
        if failure.code not in CODES or len(arguments.after) >= MOST_MOVES:
            return None
        after = [*arguments.after, failure.code]
        if failure.code == UNFIT and not arguments.is_repaired:
            told = {"after": after, "repair": failure.detail}
            return arguments.model_copy(update=told)
        has_other = self._calls.of(caller.run_id, arguments).has_other(arguments)
        if not has_other and failure.code not in OUTAGES:
            return None
        return arguments.model_copy(update={"after": after, "repair": ""})

    def _chosen(
        self,
        arguments: Generate,
        caller: Caller,
    ) -> Candidate | None:
        candidates = self.candidates(arguments.model)
        if not candidates:
            return None
        cleared = [one for one in candidates if _reaches(one, caller)]
        if not cleared:
            return max(candidates, key=lambda one: _RANKS.index(one.served.clearance))
        call = self._calls.of(caller.run_id, arguments)
        call.eligible = frozenset(one.name for one in cleared)
        if not arguments.after:
            call.tried.clear()
        return self._best(
            cleared,
            call,
            arguments,
            caller,
        )

    def _best(
        self,
        candidates: Sequence[Candidate],
        call: Call,
        arguments: Generate,
        caller: Caller,
    ) -> Candidate:
        """Return the first in the run's own order that has not failed and is not left alone."""
        stated = self._weights(caller) if self._weights else None
        weights = stated.of(arguments.model) if stated else None
        by_name = {one.name: one for one in candidates}
        order = ranked(
            {
                name: one.weight if weights is None else weights.get(name, 0)
                for name, one in by_name.items()
            },
            tenant=caller.tenant,
            run_id=caller.run_id,
        )
        return min(
            (by_name[name] for name in order),
            key=lambda one: (
                one.name in call.tried,
                not one.breaker.lets,
                one.is_fallback,
            ),
        )

    def _place(
        self,
        alias: str,
        candidate: Candidate,
    ) -> Resource:
        """Return the model as the policy sees it: "planner", or "planner/local@eu"."""
        name = alias
        if len(self._aliases[alias]) > 1:
            name = f"{alias}/{candidate.name}"
        if candidate.region:
            name = f"{name}@{candidate.region}"
        return Resource(
            type="model",
            id=name,
            clearance=candidate.served.clearance,
        )


def _reaches(candidate: Candidate, caller: Caller) -> bool:
    """Whether the model may be sent what the run has read."""
    sink = _RANKS.index(candidate.served.clearance)
    return sink >= _RANKS.index(caller.label.confidentiality)
