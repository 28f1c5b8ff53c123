"""Budgets, as the API takes and shows them."""

from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

Kind = Literal[
    "money_micro", "tokens", "steps", "effects", "wall_ms", "gpu_ms", "reviewer_ms"
]
MOST = 10**15
BudgetId = Annotated[
    str,
    Path(
        pattern=r"^[!-~]{1,100}$",
        description='The budget of a run, a job, or a tenant ("tenant:NAME")',
        examples=["tenant:default"],
    ),
]


class Amount(BaseModel):
    """How much of one kind there is."""

    limit: int | None = Field(description="null for no limit")
    soft_limit: int | None = Field(description="Stops nothing, and is told when passed")
    passed: bool = Field(description="The soft limit is passed")
    spent: int
    reserved: int


class BudgetView(BaseModel):
    """One budget: money is in millionths, times are in milliseconds."""

    id: str
    level: Literal["run", "job", "tenant"]
    amounts: dict[Kind, Amount]


class Raise(BaseModel):
    """How much more there is to be."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"kind": "tokens", "amount": 100_000}]},
    )

    kind: Kind
    amount: int = Field(ge=1, le=MOST)


class NewLimit(BaseModel):
    """One limit as it is to be."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"kind": "tokens", "limit": 500_000}]},
    )

    kind: Kind
    limit: int | None = Field(
        ge=0,
        le=MOST,
        description="null for no limit",
    )
    soft: bool = Field(default=False, description="A limit that stops nothing")
