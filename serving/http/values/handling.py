"""What people do about an approval besides deciding it, as the API takes it."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

_NOTE: Final[Any] = Field(max_length=1000, description="In words; it is recorded")


class NewDelegation(BaseModel):
    """Whom to ask by name."""

    model_config = ConfigDict(extra="forbid")
    to: str = Field(max_length=200, description="Somebody who could decide it")
    note: str = _NOTE


class NewEscalation(BaseModel):
    """The role above whose people are asked."""

    model_config = ConfigDict(extra="forbid")
    to: str = Field(max_length=64, description="A role that the policy names for it")
    note: str = _NOTE


class NewInquiry(BaseModel):
    """A question to whoever asked for it, or the answer."""

    model_config = ConfigDict(extra="forbid")
    note: str = _NOTE
