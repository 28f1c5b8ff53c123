"""Pages of lists."""

from typing import Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")
LARGEST: Final = 100


class Wanted(BaseModel):
    """Which page of a list; a parameter that the list does not know is refused."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(
        25,
        ge=1,
        le=LARGEST,
        description="Things on a page",
    )
    cursor: str | None = Field(
        None,
        max_length=400,
        description="What `next` of the page before held; leave it out for the first page",
    )


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    data: list[T] = Field(
        description="The things of the page, in the order of the list"
    )
    next: str | None = Field(
        description="The cursor of the page that follows; null on the last one"
    )
