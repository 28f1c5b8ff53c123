"""The model tool: every generation is one `model.generate` action, whatever serves it."""

from collections.abc import Mapping
from typing import Any, Final

from langchain_core.messages import AIMessage

from interlock.runtime import telemetry
from interlock.runtime.door.tool import AnyTool, tool
from interlock.runtime.graph.model import GENERATE
from interlock.runtime.policy.bounds import Bounds
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Amounts
from interlock.tools.models import no_answer, parts
from interlock.tools.models.answer import taken
from interlock.tools.models.generation import Generate, Generation
from interlock.tools.models.router.candidate import Candidate
from interlock.tools.models.router.router import Router
from interlock.tools.models.served import Model, Served
from interlock.tools.models.usage import counted, known, sent

__all__ = ["CODES", "Generate", "Generation", "Model", "Served", "model_tools"]
#: How a generation fails
CODES: Final = frozenset(
    {
        "unknown_model",
        parts.REFUSED,
        "too_many_calls",
        "answer_too_long",
        *no_answer.CODES,
    }
)
#: Of the time of an answer: the rest is for trying again where no byte came
_ROOM: Final = 1.2
#: Why a model stands in where no other was asked: all were left alone
_PASSED_OVER: Final = "model_resting"


def model_tools(models: Mapping[str, Served] | Router) -> tuple[AnyTool, ...]:
    """Return `model.generate` over *models*: one for each name, or a router over several.

    A name that is not there is a failure; no other model answers in its place.
    """
    router = models if isinstance(models, Router) else Router.of(models)

    @tool(
        GENERATE,
        action="read",
        target=router.aim,
        instead=router.instead,
        actual=_spent,
        codes=CODES,
        of_release=True,
        deadline_s=router.answer_s * _ROOM,
    )
    async def generate(permit: Permit, arguments: Generate) -> Generation:
        """Ask a model for one answer."""
        candidate = router.named(permit, arguments)
        answer = await router.answer(permit, arguments, candidate)
        return _generation(answer, arguments, candidate, bounds=permit.bounds)

    return (generate,)


def _spent(used: Generation) -> Amounts:
    tokens = used.input_tokens + used.output_tokens
    return Amounts(
        steps=1,
        tokens=tokens,
        money_micro=used.money_micro,
    )


def _generation(
    answer: AIMessage, arguments: Generate, candidate: Candidate, *, bounds: Bounds
) -> Generation:
    served = candidate.served
    longest = served.longest_answer
    message = taken(answer, bounds=bounds, longest=longest)
    told: Mapping[str, Any] = answer.usage_metadata or {}
    passed = sent(arguments.conversation(), arguments.tools + arguments.form)
    read = counted(told, "input_tokens", passed=passed)
    wrote = counted(told, "output_tokens", passed=sent([answer], ""), most=longest)
    cached = known(told, read=read.tokens)
    telemetry.used(
        model=candidate.name, read=read.tokens, known=cached, wrote=wrote.tokens
    )
    return Generation(
        message=message,
        input_tokens=read.tokens,
        output_tokens=wrote.tokens,
        money_micro=served.price(read.tokens + wrote.tokens, known=cached),
        cached_tokens=cached,
        overclaimed_tokens=read.overclaimed + wrote.overclaimed,
        by=candidate.name,
        degraded=(arguments.after or [_PASSED_OVER]) if candidate.is_fallback else [],
    )
