"""Whether an answer keeps to what was asked for, before anything in it becomes a proposal."""

import json
from typing import Any

from langchain_core.messages import AIMessage

from interlock.tools.models.completion import unfit
from interlock.tools.models.generation import Generate
from interlock.tools.schema import misfit


def check(answer: AIMessage, arguments: Generate) -> None:
    """Raise `NoAnswer` ("unfit") for a call or a text that breaks the schema it was asked to keep.

    A call of a tool that the model was not offered is let through: the policy denies it, and the
    ledger then holds what the model tried. Where no tool was offered a call is no answer in a form.
    """
    offered = {
        schema["function"]["name"]: schema["function"].get("parameters", {})
        for schema in arguments.offered
    }
    for call in answer.tool_calls:
        broken = misfit(call["args"], offered.get(call["name"], {}))
        if broken:
            raise unfit(f"the arguments of {call['name']}: {broken}")
    form = arguments.answer_schema
    if form is not None and not (offered and answer.tool_calls):
        _check_text(answer.text, form)


def _check_text(text: str, form: Any) -> None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise unfit("the text is no JSON") from error
    broken = misfit(value, form)
    if broken:
        raise unfit(f"the text: {broken}")
