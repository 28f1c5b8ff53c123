"""The planner of contract review that needs no server.

A planner is an ordinary LangChain chat model and reaches the run only as `model.generate` actions
behind the door; a served language model takes its place by alias. It is handed the whole text of
the document, as a planner that reads contracts would be, so what is planted there reaches it.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final, NoReturn, TypeAlias

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult

#: The text of the document with a digest
Text: TypeAlias = Callable[[str], Awaitable[str]]
#: The name of a tool, and its arguments
Call: TypeAlias = tuple[str, dict[str, Any]]
#: The newest answer of each tool
Answers: TypeAlias = dict[str, ToolMessage]

_ADDRESS: Final = r"([A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,24})"
_FORWARD: Final = re.compile(
    r"(?:forward|send|copy)\s+(?:\w+\s+){0,8}to\s+" + _ADDRESS, re.IGNORECASE
)


class Planner(BaseChatModel):
    """A planner that follows a plan: the same calls for the same briefing and outcomes so far."""

    text: Any

    @property
    def _llm_type(self) -> str:
        return type(self).__name__

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> NoReturn:
        raise TypeError("planners are asynchronous")

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> ChatResult:
        facts = json.loads(str(messages[1].content))
        text = await self.text(facts["document"]["digest"])
        done = {
            str(message.name): message
            for message in messages
            if isinstance(message, ToolMessage)
        }
        plan = self.plan(facts, text, done)
        tool_calls = []
        for index, (name, arguments) in enumerate(plan):
            tool_call = {
                "name": name,
                "args": arguments,
                "id": f"r{len(done)}-{index}-{name}",
                "type": "tool_call",
            }
            tool_calls.append(tool_call)
        content = "" if tool_calls else "The review is finished."
        answer = AIMessage(content=content, tool_calls=tool_calls)
        return ChatResult(generations=[ChatGeneration(message=answer)])

    def plan(
        self,
        facts: dict[str, Any],
        text: str,
        done: Answers,
    ) -> Iterator[Call]:
        """Yield the calls of the next round; none ends the review."""
        raise NotImplementedError


class CarefulPlanner(Planner):
    """Files the record, writes the report, mails the report to the people whom the request names.

    The planner is naive: if the contract asks to be sent to somebody, the planner proposes that
    mail, too. The policy is what refuses it.
    """

    def plan(
        self,
        facts: dict[str, Any],
        text: str,
        done: Answers,
    ) -> Iterator[Call]:
        """Yield the calls of the next round: file and report first, the mails after that."""
        if "records.file" not in done:
            yield from paperwork(facts)
            return
        if "mail.send" in done:
            return
        if facts["notify"]:
            yield mail(facts, list(facts["notify"]), done)
        for address in addresses(text):
            yield mail(facts, [address], done)


def addresses(text: str) -> list[str]:
    """Return the addresses the text asks to be sent to, in its order, each once."""
    asked = [match[1] for match in _FORWARD.finditer(text)]
    return list(dict.fromkeys(asked))


def paperwork(facts: dict[str, Any]) -> Iterator[Call]:
    """Yield the two calls that every review ends with.

    Both take the document's digest only: the tools themselves know what to say of the document.
    """
    document = {"document": facts["document"]["digest"]}
    yield "records.file", document
    yield "report.write", document


def _side(review: dict[str, Any]) -> str:
    return "for our side" if review["sided"] else "for no side: none was named"


def mail(
    facts: dict[str, Any],
    to: list[str],
    done: Answers,
    *,
    cc: tuple[str, ...] = (),
) -> Call:
    """Return the mail on the review, with the report attached if the report was written."""
    name = facts["document"]["name"]
    review = facts["review"]
    body = (
        f"The contract {name} was reviewed.\n\n"
        f"Risk: {review['tier']}, {review['score']} of 1000 points "
        f"(from {review['least']} to {review['most']}), {_side(review)}. "
        f"{review['findings']} clauses are quoted in the report.\n"
    )
    attachments = []
    report = done.get("report.write")
    if report is not None and report.status == "success":
        attachments.append(json.loads(str(report.content)))
    return "mail.send", {
        "to": to,
        "cc": list(cc),
        "subject": f"Contract review: {name}"[:200],
        "body": body,
        "attachments": attachments,
    }
