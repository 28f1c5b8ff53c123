"""Questions to models behind the door of a small world, over a server that answers by a script."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, message_to_dict
from pydantic import SecretStr

from interlock.tools.models.openai import EndpointModel
from interlock.tools.models.router.candidate import Candidate
from interlock.tools.models.router.retries import Patience, Retries
from interlock.tools.models.served import Served
from interlock.tools.outbound.client import Bounds
from interlock.tools.outbound.destination import Destination

LONGEST = 200  # tokens of an answer
#: A test waits for nobody
PATIENCE = Patience(first_wait_s=0.001, most_wait_s=0.05)


def endpoint(url: str, **more: Any) -> EndpointModel:
    """Return the model at *url*; *more* are other fields of it."""
    fields: dict[str, Any] = {
        "bounds": Bounds(total_s=2.0, first_s=0.5),
        "longest_answer": LONGEST,
    }
    return EndpointModel(
        endpoint=Destination.parse(url, reach="any"),
        served="m",
        key=SecretStr("s3cret"),
        **(fields | more),
    )


def candidate(name: str, url: str, **more: Any) -> Candidate:
    """Return the model at *url* as a candidate; *more* are other fields of the candidate."""
    served = Served(
        model=endpoint(url), longest_answer=LONGEST, micro_per_million=1_000_000
    )
    return Candidate(name=name, **({"served": served} | more))


def retries() -> Retries:
    """Return a budget of retries that waits for hardly anything."""
    return Retries(PATIENCE)


def asked(
    *messages: BaseMessage,
    model: str = "planner",
    tools: Sequence[Mapping[str, Any]] = (),
    **more: Any,
) -> dict[str, Any]:
    """Return the arguments of one generation."""
    those = messages or (HumanMessage(content="Which law governs?"),)
    return {
        "model": model,
        "purpose": "test",
        "messages": json.dumps([message_to_dict(message) for message in those]),
        "tools": json.dumps(list(tools)),
        **more,
    }


def offered(name: str, **properties: Any) -> dict[str, Any]:
    """Return the schema of a tool whose arguments are all needed."""
    parameters = {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }
    function = {"name": name, "description": name, "parameters": parameters}
    return {"type": "function", "function": function}
