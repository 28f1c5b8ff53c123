"""Jobs, as the API takes and shows them."""

from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from interlock.runtime.run.beginning import HIGHEST
from interlock.serving.http.values.budget import MOST, Kind
from interlock.serving.http.values.page import Wanted

JobId = Annotated[
    str,
    Path(
        pattern=r"^[!-~]{1,100}$",
        description="The id of a job",
        examples=["job-1f0c9a7be2d4"],
    ),
]
JobStatus = Literal["open", "paused", "cancelled", "done"]


class NewJob(BaseModel):
    """What is asked of every document of a job."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "agent": "contract_review",
                    "request": {"notify": ["legal@example.com"]},
                    "limits": {"tokens": 2_000_000},
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
        default_factory=dict, description="What its runs are asked, by its own fields"
    )
    limits: dict[Kind, Annotated[int, Field(ge=0, le=MOST)]] = Field(
        default_factory=dict, description="What all its runs together may spend"
    )
    priority: int = Field(
        0,
        ge=-HIGHEST,
        le=HIGHEST,
        description="Workers take the higher first",
    )
    documents: list[Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]] = Field(
        default_factory=list,
        max_length=500,
        description="Documents that were handed in before, by their digests",
    )
    name: str = Field(
        "",
        max_length=200,
        description="The same job has the same name; without one its documents are its name",
    )
    again: bool = Field(
        default=False, description="Also review what was reviewed before"
    )


class Submitted(BaseModel):
    """What became of the documents that were handed in."""

    job: str
    runs: list[str] = Field(description="The runs that were begun")
    skipped: list[dict[str, str]] = Field(
        description="Documents without a run of their own, with the reason"
    )
    before: int = Field(description="Documents that an earlier submission had taken")


class JobRow(BaseModel):
    """One job in a list."""

    job: str
    status: JobStatus
    agent: str
    priority: int
    created: int = Field(description="Unix seconds")
    documents: int = Field(description="Documents that were named")
    submitted: int = Field(description="Documents that were taken")
    over: int = Field(description="Documents that nothing changes any more")
    skipped: int = Field(description="Documents that are reviewed elsewhere")
    counts: dict[str, int] = Field(description="Its runs by status")


class Item(BaseModel):
    """One document of a job."""

    seq: int
    run_id: str | None
    path: str = Field(description="The name of the document")
    status: str
    risk: dict[str, Any] | None
    why: str = Field(description="Why it was not reviewed, empty for no reason")


class JobView(JobRow):
    """One job with a page of its documents."""

    by: str
    request: dict[str, Any]
    spend: dict[str, int]
    limits: dict[str, int]
    items: list[Item]
    next: str | None = Field(description="The cursor of the page that follows")


class JobState(BaseModel):
    """What a job is after it was turned."""

    job: str
    status: JobStatus
    runs: list[str] = Field(
        default_factory=list, description="The runs that go on, after a retry"
    )


class ResultsWanted(BaseModel):
    """In which format results are written."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["jsonl", "xlsx"] = Field(
        "jsonl", description="For programs, or for a table program"
    )


class ItemsWanted(Wanted):
    """Which page of a job's documents."""
