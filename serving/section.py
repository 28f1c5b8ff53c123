"""Sections of the settings: each is a table of `interlock.toml`."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from interlock.tools.outbound.destination import Destination


def _http_url(text: str) -> str:
    Destination.parse(text, reach="any", plain_http=True)
    return text


Name = Annotated[
    str,
    StringConstraints(
        min_length=1,
        strip_whitespace=True,
    ),
]
HttpUrl = Annotated[str, AfterValidator(_http_url)]


def fits_a_header(secret: str) -> str:
    """Return *secret* where an HTTP header can carry it; raises ValueError otherwise."""
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ValueError("it holds a line break, a space or a sign beyond ASCII")
    return secret


class Section(BaseModel):
    """A group of settings."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
    )
