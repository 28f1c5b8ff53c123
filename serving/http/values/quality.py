"""Review quality, as the API shows it."""

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

Days = Annotated[
    int,
    Query(
        ge=1,
        le=90,
        description="How far to look back",
    ),
]


class ShareView(BaseModel):
    """So many of so many, with Wilson's 95 % interval."""

    model_config = ConfigDict(from_attributes=True)

    part: int
    whole: int
    value: float | None = Field(description="Null where nothing was counted")
    interval: list[float] | None = Field(description="Lowest and highest")


class FiguresView(BaseModel):
    """How one person reviewed, or all together."""

    model_config = ConfigDict(from_attributes=True)

    person: str = Field(description="Empty for all together")
    decided: int
    dwell_s: float | None = Field(description="Median seconds on the page")
    timed: int = Field(description="Of so many verdicts")
    quick: ShareView = Field(description="Approved within two seconds")
    overridden: ShareView = Field(description="Decided against what was proposed")
    caught: ShareView = Field(description="Canaries rejected, of those met")
    agreed: ShareView = Field(description="Doubles on which people agreed")
    most_in_shift: int = Field(description="Verdicts in eight hours, at most")


class QualityView(BaseModel):
    """How people reviewed; people stand in the order of their names."""

    model_config = ConfigDict(from_attributes=True)

    days: int
    together: FiguresView | None = Field(description="Null in the own figures")
    people: list[FiguresView]
