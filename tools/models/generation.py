"""What a model is asked through the door, and what comes of it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from langchain_core.messages import BaseMessage, HumanMessage, messages_from_dict
from pydantic import Field

from interlock.runtime.door.tool import Value

#: The answer was one, and did not keep to what it should: the model is told once, and asked again
UNFIT: Final = "model_unfit"
_REPAIR: Final = (
    "Your last answer could not be used: {why}. "
    "Answer once more, exactly in the form asked for."
)


class Generate(Value):
    """One chat completion; messages, tool schemas and the form of the answer are JSON texts."""

    model: str
    purpose: str
    messages: str
    tools: str = "[]"
    #: The JSON schema that the answer's text must fit; empty for a free text
    form: str = ""
    #: How this question failed before, in order: the door fills it in
    after: list[str] = Field(default_factory=list)
    #: What was wrong with the last answer: the door fills it in
    repair: str = ""

    def conversation(self) -> Sequence[BaseMessage]:
        """Return the messages, with what was wrong with the last answer at their end."""
        messages = messages_from_dict(json.loads(self.messages))
        if self.repair:
            messages.append(HumanMessage(content=_REPAIR.format(why=self.repair)))
        return messages

    @property
    def offered(self) -> list[dict[str, Any]]:
        """The schemas of the tools that the model may call."""
        tools: list[dict[str, Any]] = json.loads(self.tools)
        return tools

    @property
    def answer_schema(self) -> Mapping[str, Any] | None:
        """The JSON schema of the answer's text."""
        return json.loads(self.form) if self.form else None

    @property
    def is_repaired(self) -> bool:
        """Whether the model was told already what was wrong."""
        return UNFIT in self.after


class Generation(Value):
    """The model's message as JSON, and what it used."""

    message: str
    input_tokens: int
    output_tokens: int
    money_micro: int = 0
    #: Of the tokens read, those that the server says it knew already
    cached_tokens: int = 0
    #: What the server claimed beyond what can have been; nothing of it is charged
    overclaimed_tokens: int = 0
    #: Which of the models behind the name answered
    by: str = ""
    #: Why a model answered that stands in for a better one; empty where none does
    degraded: list[str] = Field(default_factory=list)
