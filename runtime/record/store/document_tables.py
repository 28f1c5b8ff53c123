"""The table of documents that people handed in by themselves; what is true of others is true here.

Nothing of a document stands in the clear: the id commits to the tenant and the digest of the bytes
under the home's key, and what the row holds is sealed under a key of the document's own.
"""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, Table

from interlock.runtime.record.store.version import metadata

#: One document of a tenant, once for the same bytes
document = Table(
    "document",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("tenant", String(64), nullable=False),
    #: Its name, size and digest, apart from its bytes: a list needs no more
    Column("facts", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created", BigInteger, nullable=False),
    Index("document_by_age", "tenant", "created", "id"),
)
