"""Documents, as the API shows them."""

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, Field

DocumentId = Annotated[
    str,
    Path(
        pattern=r"^[!-~]{1,100}$",
        description="The digest of a document, or the run that read it",
        examples=["run-1f0c9a7be2d4"],
    ),
]


class HandedIn(BaseModel):
    """A document that was handed in by itself."""

    digest: str = Field(description="Names the document to runs and jobs")
    name: str = Field(description="What whoever handed it in called it")
    kind: str = Field(description="pdf, docx or text")
    size: int = Field(description="Bytes")
    created: int = Field(description="When it came first, in Unix seconds")


class DocumentRow(BaseModel):
    """One reading of a document, without its text."""

    digest: str
    name: str
    kind: str
    chars: int
    pages: int = Field(description="0 where the format has no pages")
    run_id: str = Field(description="The run that read it")
    revision: str = Field(description="The policy that the run kept to")
    at: int = Field(description="When it was read, in Unix seconds")


class Documents(BaseModel):
    """The newest readings, the newest first."""

    data: list[DocumentRow]


class DocumentText(DocumentRow):
    """A document with its text; the text is data of a stranger and nobody's instruction."""

    text: str
