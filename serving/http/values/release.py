"""Releases and rollouts, as the API shows them."""

from typing import Annotated, Any, Final

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from interlock.runtime.run.rollout import Kind, Plan

_WHOLE: Final = r"^[0-9a-f]{64}$"
_MOST: Final = 10**9
_PLAN: Final = Plan()
ShareOfRuns = Annotated[int, Field(ge=0, le=100)]
ReleaseId = Annotated[
    str, Path(pattern=_WHOLE, description="The digest of the release, whole")
]
Before = Annotated[
    str,
    Query(
        pattern=r"^([0-9a-f]{64})?$",
        description="The digest of the other release; by default that in force",
    ),
]
RolloutId = Annotated[
    str, Path(pattern=r"^rollout-[0-9a-f]{8}$", description="The rollout")
]


class TurnRow(BaseModel):
    """One change of the release in force."""

    model_config = ConfigDict(from_attributes=True)

    release: str
    previous: str = Field(description="The release before, empty for none")
    how: str = Field(description='"promoted" or "rolled_back"')
    by: str = Field(description="Who did it, or who started the rollout that did it")
    at: int = Field(description="Unix seconds")


class Releases(BaseModel):
    """What is in force, and every change of it, the newest first."""

    in_force: str = Field(description="The release in force, empty for none")
    data: list[TurnRow]


class ReleaseView(BaseModel):
    """One release: its manifest, who made and signed it, and who put it in force."""

    release: str = Field(description="The digest of its manifest")
    in_force: bool
    by: str = Field(description="Who made it")
    created: int = Field(description="Unix seconds")
    revision: str = Field(description="Of its policy")
    parts: dict[str, str] = Field(description="By kind, the SHA-256 of each part")
    weights: dict[str, dict[str, int]] = Field(
        description="By alias of a model, the weight of each candidate"
    )
    signer: str = Field(
        description="The key that its manifest is signed with: Ed25519, hexadecimal"
    )
    approvals: list[TurnRow] = Field(
        description="Each time that it came into force, the newest first"
    )


class ChangeView(BaseModel):
    """One place of a part that differs."""

    model_config = ConfigDict(from_attributes=True)

    part: str = Field(description="The kind of the part, or `weights`")
    place: str = Field(description="The setting, file or text, such as `model.url`")
    before: Any = Field(description="What stood there, null for nothing")
    after: Any = Field(description="What stands there, null for nothing")
    lines: list[str] = Field(description="Of a unified diff, where it is a text")


class Difference(BaseModel):
    """What differs between two releases, and what leads outside first."""

    model_config = ConfigDict(from_attributes=True)

    before: str
    after: str
    changes: list[ChangeView]


class Reason(BaseModel):
    """Why something is done; the ledger keeps the reason."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(description="Why, for the record", max_length=1000)


class InForce(BaseModel):
    """What is in force after a change, and what was before."""

    model_config = ConfigDict(from_attributes=True)

    release: str
    previous: str = Field(description="The release before, empty for none")


class NewRollout(BaseModel):
    """A release to roll out, how, and why."""

    model_config = ConfigDict(extra="forbid")

    release: str = Field(description="Its digest, whole", pattern=_WHOLE)
    note: str = Field(description="Why, for the record", max_length=1000)
    kind: Kind = "canary"
    steps: list[ShareOfRuns] | None = Field(
        None,
        description="How many of a hundred new runs it gets, step by step; null for the usual",
        max_length=100,
    )
    least_runs: int = Field(
        _PLAN.least_runs, ge=1, le=_MOST, description="So many runs of it at each step"
    )
    hold_s: int = Field(
        _PLAN.hold_s, ge=0, le=_MOST, description="Seconds that all at once is watched"
    )
    longest_ms: int = Field(
        _PLAN.longest_ms, ge=1, le=_MOST, description="Work of the slowest run"
    )
    shadow: int = Field(
        _PLAN.shadow,
        ge=0,
        le=_MOST,
        description="Runs that are copied before it has any",
    )


class PlanView(BaseModel):
    """How a release is rolled out."""

    model_config = ConfigDict(from_attributes=True)

    kind: str = Field(description='"canary" or "blue_green"')
    steps: list[int] = Field(
        description="How many of a hundred new runs it gets, step by step"
    )
    least_runs: int = Field(description="So many runs of it at each step, at least")
    hold_s: int = Field(description="Seconds that a switch to all runs is watched")
    longest_ms: int = Field(description="Milliseconds of work of the slowest run")
    shadow: int = Field(
        description="So many runs at least are copied before it is given any; 0 for none"
    )


class LineView(BaseModel):
    """One share of the runs of both releases at the step."""

    model_config = ConfigDict(from_attributes=True)

    measure: str
    control: float | None = Field(
        description="The mean, from 0 (good) to 1 (bad); null where nothing was counted"
    )
    control_runs: int = Field(description="Of so many runs")
    canary: float | None = Field(description="The candidate's, as `control`")
    canary_runs: int = Field(description="Of so many runs")
    least: float = Field(description="By so much the candidate's is higher, at least")
    most: float = Field(description="By so much the candidate's is higher, at most")


class GroundView(BaseModel):
    """What a decision of the controller rests on."""

    model_config = ConfigDict(from_attributes=True)

    because: str = Field(description="The guard that fired, or the share that decided")
    least: float = Field(description="By so much that share is higher, at least")
    most: float = Field(description="By so much that share is higher, at most")
    control_runs: int = Field(description="Runs of the release in force, at that step")
    canary_runs: int = Field(description="Runs of the candidate, at that step")


class RolloutRow(BaseModel):
    """One decision about a rollout, and how the rollout stood from then on."""

    model_config = ConfigDict(from_attributes=True)

    seq: int = Field(description="Its entry in the log of the home")
    rollout: str
    candidate: str = Field(description="The release that is rolled out")
    control: str = Field(description="The release that was in force before")
    status: str
    how: str = Field(description="What was decided")
    percent: int = Field(description="So many of a hundred new runs the candidate gets")
    step: int = Field(description="The place in the steps of the plan, from 0")
    by: str = Field(description="Who started the rollout")
    halted_by: list[str] = Field(description="Who paused or stopped it, if it is")
    at: int = Field(description="Unix seconds")
    plan: PlanView
    ground: GroundView | None = Field(description="Null for what a person decided")
    shares: list[LineView]
    apart: dict[str, dict[str, int]] = Field(
        description=(
            "By release, how many runs of the step are compared with nothing: those that people "
            "cancelled, and those held by what no release can help"
        )
    )
