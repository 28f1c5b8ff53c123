"""`/v1/documents`: what the runs of your tenant have read."""

from fastapi import APIRouter

from interlock.serving.http.caller import HomeOf, PersonOf
from interlock.serving.http.documented import problems
from interlock.serving.http.values.document import (
    DocumentId,
    DocumentRow,
    Documents,
    DocumentText,
)
from interlock.serving.operations import looks
from interlock.tools.library import Reading

router = APIRouter(prefix="/v1/documents", tags=["documents"])


@router.get("", responses=problems())
async def list_documents(home: HomeOf, asking: PersonOf) -> Documents:
    """List the newest documents that runs of your tenant have read, a hundred at most."""
    readings = await looks.documents(home, person=asking)
    rows = [DocumentRow.model_validate(_facts(reading)) for reading in readings]
    return Documents(data=rows)


@router.get("/{document_id}", responses=problems("not_found"))
async def get_document(
    document_id: DocumentId, home: HomeOf, asking: PersonOf
) -> DocumentRow:
    """Show what is known of a document, without its text."""
    reading = await looks.document(home, document_id, person=asking)
    return DocumentRow.model_validate(_facts(reading))


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
