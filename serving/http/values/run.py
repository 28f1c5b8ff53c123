"""Runs, as the API takes and shows them."""

from typing import Annotated, Any, Literal

from fastapi import Header, Path
from pydantic import BaseModel, ConfigDict, Field

from interlock.runtime.run.beginning import HIGHEST
from interlock.runtime.run.run import Status
from interlock.serving.http.values.page import Wanted

RunId = Annotated[
    str,
    Path(
        pattern=r"^[!-~]{1,100}$",
        description="The id of a run",
        examples=["run-1f0c9a7be2d4"],
    ),
]
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description=(
            "The same key with the same request begins one run, however often it is sent; "
            "remembered for a week"
        ),
    ),
]
Shown = Literal[
    "queued",
    "running",
    "waiting",
    "held",
    "dead",
    "done",
    "failed",
    "cancelled",
    "erased",
]


class RunsWanted(Wanted):
    """Which runs to list."""

    status: Status | None = Field(None, description="Only runs in it")
    agent: str | None = Field(None, max_length=100, description="Only runs of it")


class NewRun(BaseModel):
    """A run to be started; workers carry it on."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "agent": "contract_review",
                    "request": {"notify": ["legal@example.com"]},
                    "document": "run-1f0c9a7be2d4",
                }
            ]
        },
    )

    agent: str = Field(
        min_length=1,
        max_length=100,
        description="The agent's name",
    )
    request: dict[str, Any] = Field(
        default_factory=dict, description="What the agent is asked, by its own fields"
    )
    document: str | None = Field(
        None,
        pattern=r"^[!-~]{1,100}$",
        description="A document that was handed in before: its digest, or the run it came with",
    )
    priority: int = Field(
        0,
        ge=-HIGHEST,
        le=HIGHEST,
        description="Workers take the higher first",
    )
    not_before: int = Field(
        0,
        ge=0,
        le=2**40,
        description="No worker begins before, in Unix seconds",
    )


class Started(BaseModel):
    """A run that is recorded and waits for a worker."""

    run_id: str
    status: Status
    agent: str
    created: int = Field(description="Unix seconds")


class RunState(BaseModel):
    """What a run is after it was turned."""

    run_id: str
    status: Status


class RunRow(BaseModel):
    """One run in a list; an erased run has no person and no document any more."""

    run_id: str
    status: Shown
    undoing: bool = Field(description="A person cancels it and has its effects undone")
    agent: str
    job: str | None
    priority: int
    created: int
    updated: int
    requester: str = Field(alias="for", description="The person for whom it acts")
    document: str = Field(description="The name of its document, empty for none")
    revision: str = Field(description="The policy that it is pinned to")


class RunView(BaseModel):
    """One run whole: request, result, decisions, what waits, spend, head of the ledger."""

    model_config = ConfigDict(extra="allow")

    run_id: str
    status: Shown
    agent: str
    job: str | None
    priority: int
    requester: str = Field(alias="for")
    created: int
    intent: dict[str, int | None] | None = Field(
        description="What its words ask for: kind of effect -> how many; null without words"
    )
    release: str | None = Field(
        description="The release that it keeps to; null where none was in force"
    )
    document: dict[str, Any]
    findings: list[Any]
    answer: dict[str, Any] | None = Field(
        description="Of an analyst: its plan, and its statements with the spans that they cite"
    )
    report: bool = Field(description="Whether a report stands")
    decisions: list[dict[str, Any]]
    unknown: list[dict[str, Any]] = Field(
        description="Everything known of each action of which nobody knows whether it happened"
    )
    undo: dict[str, Any] | None
    waiting: list[str] = Field(description="The approvals that wait for people")
    spend: dict[str, Any] | None
    stopped: Any


class Cancellation(BaseModel):
    """How a run, or every run of a job, is cancelled."""

    model_config = ConfigDict(extra="forbid")

    undo: bool = Field(
        default=False, description="Take back what it did, the newest effect first"
    )


class Widening(BaseModel):
    """More effects for a run, and why."""

    model_config = ConfigDict(extra="forbid")

    effects: dict[str, int | None] = Field(
        description="Kind of effect -> how many more; null for any number",
        min_length=1,
        max_length=64,
    )
    note: str = Field(description="Why, for the record", max_length=1000)


class Widened(BaseModel):
    """What a run may do from now on."""

    run_id: str
    intent: dict[str, int | None] = Field(
        description="Kind of effect -> how many; null for any number"
    )
