"""The question to an endpoint: messages, tools and form in the words of chat completions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from langchain_core.messages import BaseMessage, convert_to_openai_messages

DOT: Final = "__"  # the API's names are [a-zA-Z0-9_-], ours have dots between words


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What one endpoint is asked once."""

    served: str
    longest_answer: int
    messages: Sequence[BaseMessage]
    tools: Sequence[dict[str, Any]] = ()
    #: The JSON schema of the answer's text; None where the answer is free
    form: Mapping[str, Any] | None = None
    #: Keeps the prefixes of one tenant apart from those of another; empty for none
    salt: str = ""
    streams: bool = False
    #: Whether the endpoint must keep a call's arguments within the schema of its tool
    strict: bool = True

    def written(self) -> dict[str, Any]:
        """Return the question as the endpoint reads it.

        The order is fixed, so that two questions over one text begin alike.
        """
        written: dict[str, Any] = {
            "model": self.served,
            "messages": [
                _outward(message)
                for message in convert_to_openai_messages(self.messages)
            ],
            "max_completion_tokens": self.longest_answer,
            "temperature": 0,
        }
        if self.tools:
            written["tools"] = [self._offered(schema) for schema in self.tools]
        if self.form is not None:
            form = {"name": "answer", "strict": True, "schema": self.form}
            written["response_format"] = {"type": "json_schema", "json_schema": form}
        if self.streams:
            written["stream"] = True
            written["stream_options"] = {"include_usage": True}
        if self.salt:
            written["cache_salt"] = self.salt
        return written

    def _offered(self, schema: dict[str, Any]) -> dict[str, Any]:
        offered = _renamed(schema)
        if self.strict:
            offered["function"] = offered["function"] | {"strict": True}
        return offered


def _renamed(schema: dict[str, Any]) -> dict[str, Any]:
    function = schema["function"]
    return schema | {
        "function": function | {"name": function["name"].replace(".", DOT)}
    }


def _outward(message: dict[str, Any]) -> dict[str, Any]:
    """Return the message with the tools' names as the endpoint knows them."""
    sent = {name: value for name, value in message.items() if name != "name"}
    if "tool_calls" in message:
        sent["tool_calls"] = [_renamed(call) for call in message["tool_calls"]]
    return sent
