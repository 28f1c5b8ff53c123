"""`/v1/documents`: what was handed in, and what the runs of your tenant have read."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from interlock.runtime.errors import NotFound
from interlock.serving.http.caller import HomeOf, PersonOf, ServiceOf
from interlock.serving.http.documented import problems
from interlock.serving.http.listing import Listing
from interlock.serving.http.ordering import FILE, FORM, file_of
from interlock.serving.http.values.document import (
    DocumentId,
    DocumentRow,
    Documents,
    DocumentText,
    HandedIn,
)
from interlock.serving.http.values.page import Page, Wanted
from interlock.serving.operations import documents, looks
from interlock.tools.library import Reading

router = APIRouter(prefix="/v1/documents", tags=["documents"])
_LIST: Final = "documents"
_FILE: Final = {"type": "string", "format": "binary"}
_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": [FILE],
                    "properties": {FILE: _FILE},
                }
            }
        },
    }
}


@router.post(
    "",
    status_code=201,
    responses=problems("unsupported"),
    openapi_extra=_BODY,
)
async def hand_in_document(
    request: Request, response: Response, home: HomeOf, asking: PersonOf
) -> HandedIn:
    """Hand in a document, for runs and jobs that begin later.

    The same bytes are kept once, under the name that came first; `Idempotent-Replayed: true` says
    that they were there.
    """
    file = await file_of(request)
    kept = await documents.hand_in(home, file, person=asking)
    response.headers["Location"] = f"/v1/documents/{kept.deposit.digest}"
    if kept.repeated:
        response.headers["Idempotent-Replayed"] = "true"
    return HandedIn.model_validate(kept.deposit, from_attributes=True)


@router.get("", responses=problems("bad_cursor"))
async def list_documents(
    shared: ServiceOf, asking: PersonOf, wanted: Annotated[Wanted, Query()]
) -> Page[HandedIn]:
    """List the documents that were handed in by themselves, newest first."""
    listing = Listing(
        shared=shared,
        name=_LIST,
        asking=asking,
        wanted=wanted,
    )
    listed = await documents.listed(
        shared.home,
        person=asking,
        after=listing.after,
        limit=listing.limit,
    )
    return listing.page(
        listed,
        place=lambda deposit: deposit.digest,
        shown=lambda deposit: HandedIn.model_validate(deposit, from_attributes=True),
    )


@router.get("/read", responses=problems())
async def list_readings(home: HomeOf, asking: PersonOf) -> Documents:
    """List the newest documents that runs of your tenant have read, a hundred at most."""
    readings = await looks.documents(home, person=asking)
    rows = [DocumentRow.model_validate(_facts(reading)) for reading in readings]
    return Documents(data=rows)


@router.get("/{document_id}", responses=problems("not_found"))
async def get_document(
    document_id: DocumentId, home: HomeOf, asking: PersonOf
) -> DocumentRow | HandedIn:
    """Show what is known of a document, without its text; more once a run has read it."""
    try:
        reading = await looks.document(home, document_id, person=asking)
    except NotFound:
        deposit = await documents.facts(home, document_id, person=asking)
        if deposit is None:
            raise
        return HandedIn.model_validate(deposit, from_attributes=True)
    return DocumentRow.model_validate(_facts(reading))


@router.delete(
    "/{document_id}", status_code=204, responses=problems("not_found", "in_use")
)
async def erase_document(
    document_id: DocumentId, home: HomeOf, asking: PersonOf
) -> None:
    """Erase a document that was handed in by itself; what runs read of it goes with the runs."""
    await documents.erase(home, document_id, person=asking)


@router.get("/{document_id}/text", responses=problems("not_found"))
async def get_text(
    document_id: DocumentId, home: HomeOf, asking: PersonOf
) -> DocumentText:
    """Show a document with its text, as its run read it."""
    reading = await looks.document(home, document_id, person=asking)
    facts = {**_facts(reading), "text": reading.document.text}
    return DocumentText.model_validate(facts)


def _facts(reading: Reading) -> dict[str, str | int]:
    document = reading.document
    return {
        "digest": document.digest,
        "name": document.name,
        "kind": document.kind,
        "chars": len(document.text),
        "pages": len(document.pages) if document.kind == "pdf" else 0,
        "run_id": reading.run_id,
        "revision": reading.revision,
        "at": reading.at,
    }
