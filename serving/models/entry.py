"""What the settings say of models: where each is, what it costs, and what it may be sent."""

from collections.abc import Mapping
from typing import Final, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from interlock.runtime import environment
from interlock.runtime.policy.label import Confidentiality
from interlock.serving.section import HttpUrl, Section
from interlock.tools.models.no_answer import ANSWER_S
from interlock.tools.models.parts import Part
from interlock.tools.outbound.destination import Destination

#: The name of the model that plans a contract review
PLANNER: Final = "planner"
#: The name of the model that answers questions over contracts
ANALYST: Final = "analyst"
#: The name of the model that is asked about what the clause finder is unsure of
READER: Final = "reader"
#: How the variables begin that hold settings of ours, secrets too
_OURS: Final = "INTERLOCK_"
LONGEST_ANSWER: Final = 2_000  # tokens
#: Of one answer, in seconds
MOST_ANSWER_S: Final = 600
#: The clearance of who may be sent a contract
ALL: Final[Confidentiality] = "confidential"


class ModelEntry(Section):
    """A served model: where it is, what it may be sent, what it costs.

    Its endpoint speaks OpenAI's chat completions. Its key stands in a variable and in no file.
    """

    url: HttpUrl | None = Field(
        None, description="The base of its API, such as http://127.0.0.1:8000/v1"
    )
    pool: str = Field(
        "", description="The model of `interlock models serve` whose replicas are asked"
    )
    embedded: bool = Field(
        default=False,
        description="Whether it is the scripted planner of this process, and no model",
    )
    name: str = Field(
        "", validate_default=True, description="The model's name at its endpoint"
    )
    key_variable: str = Field(
        "", description="The variable that holds the key that the endpoint asks for"
    )
    weight: int = Field(
        1,
        ge=0,
        description="How many runs it gets beside the others; with 0 none as their first",
    )
    fallback: bool = Field(
        default=False,
        description="Whether it only stands in for the others; its answers are degraded",
    )
    clearance: Confidentiality = Field(
        "public", description="The most restricted data that may be sent to it"
    )
    region: str = Field("", description="Where it is, for the policy to judge")
    takes: tuple[Part, ...] = Field(
        (),
        description="What the model may be sent beside text; no part may name a URL",
    )
    price: int = Field(
        0, ge=0, description="Millionths of the currency for a million tokens"
    )
    known_price: int | None = Field(
        None,
        ge=0,
        description="The same for tokens that the server had in its prefix cache already",
    )
    longest_answer: int = Field(
        LONGEST_ANSWER, ge=1, description="The most tokens of one answer"
    )
    answer_s: int = Field(
        ANSWER_S,
        ge=1,
        le=MOST_ANSWER_S,
        description="The most seconds of one answer",
    )
    streams: bool = Field(
        default=False,
        description="Whether answers are taken piece by piece, so that silence shows early",
    )
    strict: bool = Field(
        default=True,
        description="Whether the endpoint is told to keep calls within their schemas",
    )
    salted: bool = Field(
        default=True,
        description="Whether each tenant has a cache_salt of its own, as vLLM knows it",
    )
    plain_http: bool = Field(
        default=False,
        description="Whether it may be asked by plain HTTP off this machine",
    )

    @field_validator("name", mode="after")
    @classmethod
    def _is_named(cls, name: str, info: ValidationInfo) -> str:
        if not name.strip() and not info.data.get("embedded"):
            raise ValueError("a model has a name at its endpoint")
        return name.strip()

    @field_validator("key_variable", mode="after")
    @classmethod
    def _is_a_foreign_variable(cls, variable: str) -> str:
        if variable.startswith(_OURS):
            raise ValueError(f"no model is handed our own variable {variable}")
        known = environment.variable(variable)
        if known is not None and known.treatment == "obeyed":
            library = known.library
            raise ValueError(f"no model is handed {variable}, which is for {library}")
        return variable

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        places = [self.url is not None, bool(self.pool), self.embedded]
        if sum(places) != 1:
            raise ValueError("a model has a url, a pool, or is embedded: one of them")
        if self.url is not None:
            Destination.parse(self.url, reach="any", plain_http=self.plain_http)
        return self

    @property
    def place(self) -> str:
        """Where the model is, in words that a reviewer can read."""
        if self.embedded:
            return "careful"
        where = self.url or f"pool {self.pool}"
        return f"{self.name} at {where}, {self.clearance}"


def alone(model: ModelEntry | None) -> ModelEntry | None:
    """Return *model*, the only one that there is; raises ValueError where it needs others."""
    if model is None:
        return None
    if model.embedded or model.fallback or model.weight != 1:
        raise ValueError("embedded, fallback and weight are for several models")
    return model


def why_unusable(
    model: ModelEntry | None, models: Mapping[str, Mapping[str, ModelEntry]]
) -> str:
    """Return why the two say no one thing together; empty where they do."""
    if model is not None and PLANNER in models:
        return f"the planner is set twice: as [model] and as [models.{PLANNER}]"
    reasons = (_why_no_alias(alias, entries) for alias, entries in models.items())
    return next((reason for reason in reasons if reason), "")


def _why_no_alias(alias: str, entries: Mapping[str, ModelEntry]) -> str:
    if not entries:
        return f"[models.{alias}] names no model"
    if all(entry.fallback for entry in entries.values()):
        return f"[models.{alias}] has nothing but models that stand in for others"
    if alias == READER and any(one.clearance != ALL for one in entries.values()):
        return f"[models.{READER}] is sent whole contracts: clearance = {ALL!r}"
    if alias != PLANNER and any(entry.embedded for entry in entries.values()):
        return f"[models.{alias}] cannot be embedded: only {PLANNER} is"
    return ""
