"""Witnesses of the ledger, as the settings name them."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from interlock.serving.section import HttpUrl, Section


class Witnesses(Section):
    """Where the signed checkpoints go beside the folder of this home."""

    folder: Path | None = Field(
        None, description="A second folder for checkpoints, on another disk or machine"
    )
    url: HttpUrl | None = Field(
        None, description="The base of a witness after C2SP tlog-witness"
    )
    key: str = Field("", description="The key of that witness: name+hash+key")
    missing: Literal["refuse", "accept"] = Field(
        "refuse",
        description="What becomes of a database of which no checkpoint is known",
    )

    @model_validator(mode="after")
    def _has_key(self) -> Self:
        if self.url is not None:
            from interlock.tools.witness import WitnessKey  # noqa: PLC0415 - its client is slow to import and rarely needed

            WitnessKey.parse(self.key)
        return self
