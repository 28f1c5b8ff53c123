"""The document tools: a file is read once; other tools get its exact text by digest."""

from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, get_args

from pydantic import TypeAdapter

from interlock.runtime.door.tool import AnyTool, ToolFailed, Value, tool
from interlock.runtime.errors import NotFound
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import Resource
from interlock.runtime.record.store import Store, Tx
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.shelf import Kept, Shelf
from interlock.tools.documents import Document, DocumentError, DocumentReader, ErrorCode
from interlock.tools.documents.document import printable
from interlock.tools.documents.inventory import Redline
from interlock.tools.documents.reader import File

KIND = "document"
#: What a person handed in with a job, before the run has read it
SUBMITTED: Final = "submitted"
#: Readings that are listed at a time
MOST: Final = 100
_DOCUMENT: Final = TypeAdapter(Document)


class Read(Value):
    """Read one file; *redline* says how tracked changes are read."""

    path: str
    redline: Redline = "accepted"


class DocumentFacts(Value):
    """What is known of a document without its text; offsets are Unicode code points."""

    digest: str
    name: str
    kind: str
    chars: int
    #: 0 where the format has no pages
    pages: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One document as one run read it."""

    document: Document
    run_id: str
    #: The policy revision the run keeps to
    revision: str
    at: int  # Unix seconds


class Library:
    """The texts of the documents this home has read, one a run and digest; safe to share.

    The texts are sealed in the database, and the library holds none: what was erased is gone from
    here too.
    """

    def __init__(self, *, store: Store, vault: Vault) -> None:
        self._shelf = Shelf(
            store=store,
            vault=vault,
            kind=KIND,
        )
        self._submitted = Shelf(
            store=store,
            vault=vault,
            kind=SUBMITTED,
        )

    def submit(self, tx: Tx, file: File, *, run_id: str, tenant: str) -> None:
        """Keep the bytes of *file* for a run that *tx* is starting: they are what the run reads.

        Any worker on any machine finds them, and they are erased with the run.
        """
        self._submitted.begin(
            tx,
            run_id=run_id,
            tenant=tenant,
            key=file.digest,
            body={
                "path": printable(str(file.path)),
                "bytes": b64encode(file.data).decode(),
            },
        )

    async def submitted(self, run_id: str) -> File | None:
        """Return the file that was submitted for the run, or None for a run without one."""
        submitted = await self._submitted.list(run_id=run_id, limit=1)
        if not submitted:
            return None
        kept = submitted[0]
        return File(
            path=Path(kept.body["path"]),
            data=b64decode(kept.body["bytes"]),
        )

    def keep(self, document: Document, *, permit: Permit) -> None:
        """Keep the document for the permit's run, with the step's checkpoint.

        The run's first reading of a document stands.
        """
        self._shelf.keep(
            permit,
            key=document.digest,
            status=document.kind,
            body=asdict(document),
        )

    async def reading(self, digest: str, *, run_id: str) -> Reading:
        """Return the document as this run read it.

        Raises `ToolFailed` when this run did not read it, whoever else did (fails closed).
        """
        reading = await self._newest(
            key=digest,
            run_id=run_id,
        )
        if reading is None:
            raise ToolFailed(
                code="not_read",
                detail=f"this run has not read document {digest!r}; read the file first",
            )
        return reading

    async def of_run(self, run_id: str) -> dict[str, Document]:
        """Return the documents that one run has read, by digest; `MOST` of them."""
        kept = await self._shelf.list(run_id=run_id, limit=MOST)
        return {one.key: _opened(one).document for one in reversed(kept)}

    async def document(self, digest: str) -> Document:
        """Return the document by the newest reading of any run that can still be opened.

        Raises `NotFound` when there is none.
        """
        reading = await self._newest(key=digest)
        if reading is None:
            next_step = "Review the file first: `interlock review FILE`."
            raise NotFound(
                kind="document",
                name=digest,
                next_step=next_step,
            )
        return reading.document

    async def readings(
        self, *, tenant: str, digest: str | None = None, run_id: str | None = None
    ) -> list[Reading]:
        """Return the newest readings of a tenant's runs, the newest first; `MOST` of them."""
        kept = await self._shelf.list(
            tenant=tenant,
            key=digest,
            run_id=run_id,
            limit=MOST,
        )
        return [_opened(one) for one in kept]

    async def _newest(self, *, key: str, run_id: str | None = None) -> Reading | None:
        readings = await self._shelf.list(
            key=key,
            run_id=run_id,
            limit=1,
        )
        return _opened(readings[0]) if readings else None


def _opened(kept: Kept) -> Reading:
    return Reading(
        document=_DOCUMENT.validate_python(kept.body),
        run_id=kept.run_id,
        revision=kept.revision,
        at=kept.at,
    )


def _file(arguments: Read) -> Resource:
    return Resource(
        type="file",
        id=arguments.path,
    )


async def _taken(
    reader: DocumentReader,
    library: Library,
    permit: Permit,
    path: Path,
) -> File:
    submitted = await library.submitted(permit.run_id)
    if submitted is None:
        return await reader.taken(path)
    if submitted.path != path:
        detail = f"{path} was not submitted for this run"
        raise ToolFailed(
            code="not_submitted",
            detail=detail,
        )
    return submitted


def document_tools(*, reader: DocumentReader, library: Library) -> tuple[AnyTool, ...]:
    """Return `document.read`, the only tool that opens the file.

    The document is parsed in a confined child process, and is untrusted, confidential data.
    """

    def label(_: Read, facts: DocumentFacts) -> Label:
        return Label(
            integrity="untrusted",
            confidentiality="confidential",
            sources=(f"document:{facts.digest}",),
        )

    @tool(
        "document.read",
        action="read",
        resource=_file,
        yields=label,
        codes=[
            "not_submitted",
            *(f"document_{code}" for code in get_args(ErrorCode)),
        ],
    )
    async def read(permit: Permit, arguments: Read) -> DocumentFacts:
        """Read one document, so that other tools can work on it.

        A run for which a file was submitted reads what was submitted, and nothing else (fails
        closed).
        """
        try:
            file = await _taken(reader, library, permit, Path(arguments.path))
            document = await reader.read_file(file, redline=arguments.redline)
        except DocumentError as error:
            raise ToolFailed(
                code=f"document_{error.code}", detail=str(error)
            ) from error
        library.keep(document, permit=permit)
        return DocumentFacts(
            digest=document.digest,
            name=document.name,
            kind=document.kind,
            chars=len(document.text),
            pages=len(document.pages) if document.kind == "pdf" else 0,
        )

    return (read,)
