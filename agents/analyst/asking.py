"""The analyst's model: asked in a form, and read as a step or as nothing."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from langchain_core.messages import BaseMessage

from interlock.runtime.door.door import Door
from interlock.runtime.graph.model import governed

#: The alias of the model that plans and answers
MODEL: Final = "analyst"
#: Why an answer is no answer: the code of the model tool for the same
UNFIT: Final = "model_unfit"


async def asked(
    door: Door,
    messages: Sequence[BaseMessage],
    *,
    form: Mapping[str, Any],
    purpose: str,
) -> str:
    """Return what the model writes in the *form*; raises `Refused` when it may not or cannot."""
    model = governed(door, MODEL, purpose=purpose, form=form)
    answer = await model.ainvoke(list(messages))
    return str(answer.content)
