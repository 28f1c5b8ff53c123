"""The last node: the planned effects are proposed, one after the other, each once.

A step that the policy would have denied is not proposed. One that is denied after all stops no
other.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from langchain_core.messages import AIMessage, ToolMessage

from interlock.agents.analyst import offers, words
from interlock.agents.analyst.asking import UNFIT, asked
from interlock.agents.analyst.offers import EFFECTS, MAIL, REPORT
from interlock.agents.planning import step
from interlock.agents.planning.stop import because, stopped
from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Done
from interlock.runtime.graph.model import Refused

REVIEW: Final = "contracts.review"
_PURPOSE: Final = "write the text of a mail that was planned"


class Acting:
    """The node, bound to one run's door."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def act(self, state: Any) -> dict[str, Any]:
        """Propose the next planned effect; what is no effect, or was denied, is passed over."""
        at = state.get("at", 0)
        plan = state["plan"]
        while at < len(plan) and not _is_due(plan[at]):
            at += 1
        if at >= len(plan):
            return {"at": at, "messages": [AIMessage(content="Nothing is left to do.")]}
        try:
            arguments = await self._arguments(state, plan[at])
        except Refused as refusal:
            return {"at": at, "stopped": stopped("act", refusal.outcome)}
        except (ValueError, KeyError) as error:
            return {"at": at, "stopped": because("act", code=UNFIT, why=str(error))}
        proposal = {
            "name": plan[at]["tool"],
            "args": arguments,
            "id": f"act-{at}",
            "type": "tool_call",
        }
        message = AIMessage(content="", tool_calls=[proposal])
        return {"at": at + 1, "messages": [message]}

    async def _arguments(
        self, state: Any, planned: Mapping[str, Any]
    ) -> dict[str, Any]:
        documents = [one["digest"] for one in state["documents"]]
        arguments: Mapping[str, Any] = planned["arguments"]
        if planned["tool"] == MAIL:
            return {
                "to": arguments["to"],
                "cc": [],
                "subject": arguments["subject"],
                "body": await self._body(state),
                "attachments": _written(state.get("messages", ())),
            }
        document = offers.digest(arguments["document"], documents)
        reviewed = await self._door.call(
            REVIEW, {"document": document}, call_id=f"review-{document}"
        )
        if not isinstance(reviewed, Done):
            raise Refused(reviewed)
        return {"document": document}

    async def _body(self, state: Any) -> str:
        """Return the text of the mail, written by the model from what is grounded."""
        talk = [
            ["agent", words.grounded(state["statements"])],
            ["agent", words.BODY_NOW],
        ]
        names = [one["name"] for one in state["documents"]]
        opened = words.opening(state["question"], names, [offers.BODY])
        text = await asked(
            self._door,
            [*opened, *words.conversation(talk)],
            form=step.form([offers.BODY], ends=False),
            purpose=_PURPOSE,
        )
        return str(step.read(text).arguments["body"])


def _is_due(planned: Mapping[str, Any]) -> bool:
    return planned["tool"] in EFFECTS and planned["verdict"] != "deny"


def _written(messages: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the reports that were written, to go with a mail."""
    return [
        json.loads(str(message.content))
        for message in messages
        if isinstance(message, ToolMessage)
        and message.name == REPORT
        and message.status == "success"
    ]
