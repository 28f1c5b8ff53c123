"""The document tools: read a file into the library once, and hand its exact text to other tools by digest."""

from pathlib import Path

import orjson
from sqlalchemy import Connection, delete, insert, select

from interlock.runtime.decision import Permit
from interlock.runtime.errors import NotFound
from interlock.runtime.provenance import Label
from interlock.runtime.request import Resource
from interlock.runtime.store import Store, Tx
from interlock.runtime.store import schema as t
from interlock.runtime.tool import AnyTool, ToolFailed, Value, tool
from interlock.runtime.vault import Vault
from interlock.tools.documents import Document, DocumentError, DocumentReader

KIND = "document"
_c = t.record.c


class Read(Value):
    """Read one file."""

    path: str


class DocumentFacts(Value):
    """What is known of a document without its text; offsets are Unicode code points."""

    digest: str
    name: str
    kind: str
    chars: int
    pages: int


class Library:
    """The texts of the documents this home has read, sealed in the database, by digest; safe to share."""

    def __init__(self, *, store: Store, vault: Vault) -> None:
        self._store, self._vault = store, vault
        self._held: dict[str, Document] = {}

    def keep(self, document: Document, *, permit: Permit, tenant: str) -> None:
        """Store the document under the run's key, with the step's checkpoint; keeping it twice keeps the newest."""
        fields = {name: getattr(document, name) for name in ("digest", "name", "kind", "text", "pages")}

        def work(tx: Tx) -> None:
            key = self._vault.key(tx.connection, permit.run_id)
            same = (_c.tenant == tenant) & (_c.kind == KIND) & (_c.key == document.digest)
            tx.connection.execute(delete(t.record).where(same))
            row = {
                "tenant": tenant, "kind": KIND, "key": document.digest, "status": document.kind,
                "body": key.seal(orjson.dumps(fields), place=f"record/{tenant}/{KIND}/{document.digest}"),
                "run_id": permit.run_id, "action_id": permit.action_id,
                "updated": self._store.now(tx.connection),
            }  # fmt: skip
            tx.connection.execute(insert(t.record).values(row))

        self._held[document.digest] = document
        self._store.later(permit.run_id, work)

    async def document(self, digest: str) -> Document:
        """Return the document; raises `NotFound` when this home never read it."""
        if digest not in self._held:
            self._held[digest] = await self._store.read(lambda connection: self._load(connection, digest))
        return self._held[digest]

    def _load(self, connection: Connection, digest: str) -> Document:
        row = connection.execute(select(t.record).where(_c.kind == KIND, _c.key == digest)).mappings().first()
        if row is None:
            raise NotFound(kind="document", name=digest, next_step="Review the file first: `interlock review FILE`.")
        place = f"record/{row['tenant']}/{KIND}/{digest}"
        fields = orjson.loads(self._vault.key(connection, row["run_id"]).open(row["body"], place=place))
        return Document(**fields | {"pages": tuple(fields["pages"])})


def document_tools(*, reader: DocumentReader, library: Library, tenant: str) -> tuple[AnyTool, ...]:
    """Return `document.read`: it parses in a confined child process and yields untrusted, confidential data."""

    def label(_: Read, facts: DocumentFacts) -> Label:
        return Label(integrity="untrusted", confidentiality="confidential", sources=(f"document:{facts.digest}",))

    @tool(name="document.read", action_class="read", resource=lambda a: Resource(type="file", id=a.path), yields=label)
    async def read(permit: Permit, arguments: Read) -> DocumentFacts:
        try:
            document = await reader.read(Path(arguments.path))
        except DocumentError as error:
            raise ToolFailed(code=f"document_{error.code}", detail=str(error)) from error
        library.keep(document, permit=permit, tenant=tenant)
        return DocumentFacts(
            digest=document.digest, name=document.name, kind=document.kind, chars=len(document.text),
            pages=len(document.pages),
        )  # fmt: skip

    return (read,)
