"""Approvals, as the API takes and shows them."""

from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from interlock.runtime.policy.request import Verdict
from interlock.runtime.run.approval import State
from interlock.runtime.run.approval_step import Kind
from interlock.serving.http.values.page import Wanted

ApprovalId = Annotated[
    str,
    Path(
        pattern=r"^[!-~]{1,100}$",
        description="The id of an approval",
        examples=["apr-1f0c9a7be2d4"],
    ),
]


class ApprovalsWanted(Wanted):
    """Which approvals to list."""

    state: State | None = Field(None, description="Only those in it")
    run: str | None = Field(
        None, pattern=r"^[!-~]{1,100}$", description="Only those of the run"
    )


class ApprovalRow(BaseModel):
    """One approval in a list."""

    id: str
    run_id: str
    action_id: str
    tool: str
    state: State
    requester: str = Field(description="The person for whom the agent asks")
    role: str = Field(description="Whoever decides has this role")
    revision: str
    created: int
    overdue: int = Field(description="From then on it is shown as overdue")
    expires: int = Field(description="Nobody can decide later; Unix seconds")
    claimed_by: str = Field(description="Who looks at it now, empty for nobody")
    claimed_until: int = Field(description="Until when; 0 where nobody does")
    delegated_to: str = Field(description="Who was asked by name, empty for nobody")
    is_questioned: bool = Field(description="A question to the requester is open")


class ApprovalStep(BaseModel):
    """One thing that one person did about an approval."""

    kind: Kind
    person: str
    at: int
    text: str = Field(description="The note, the question or the answer")
    to: str = Field(description="To whom it was passed: a person, or a role")
    until: int = Field(description="Until when a claim lasts; 0 for any other")


class ApprovalView(ApprovalRow):
    """One approval with all that its reviewer is shown."""

    reviewer: str = Field(description="Who decided, empty for nobody")
    steps: list[ApprovalStep] = Field(description="What people did about it, in order")
    evidence: dict[str, Any]
    evidence_digest: str = Field(
        description="Send it back with the verdict: it says what was shown to you"
    )


class NewVerdict(BaseModel):
    """A verdict on exactly what was shown."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "verdict": "approved",
                    "evidence_digest": "0" * 64,
                    "note": "The recipient is our counsel.",
                }
            ]
        },
    )

    verdict: Verdict
    evidence_digest: str = Field(max_length=64)
    note: str = Field(max_length=1000, description="Why, in words; it is recorded")
    evidence: dict[str, Any] | None = Field(
        None, description="What was shown to you, to be told what has changed since"
    )


class Decided(BaseModel):
    """What an approval is after a verdict."""

    id: str
    state: State
    canary: bool = Field(
        description="It was known to be bad, to see whether you look; nothing was done"
    )
