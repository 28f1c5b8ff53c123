"""Sections of the settings: each is a table of `interlock.toml`."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from interlock.tools.outbound.destination import Destination


def _http_url(text: str) -> str:
    Destination.parse(text, reach="any", plain_http=True)
    return text


HttpUrl = Annotated[str, AfterValidator(_http_url)]


class Section(BaseModel):
    """A group of settings."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
    )
