"""The tables of releases: what can be released, and what was; of the installation, no tenant's.

No row of theirs can be changed unseen: an artefact is named by the digest of its bytes, and a
release by the digest of its manifest, which is signed.
"""

from sqlalchemy import BigInteger, Column, LargeBinary, String, Table

from interlock.runtime.record.store.version import metadata

artefact = Table(
    "artefact",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("created", BigInteger, nullable=False),
)

release = Table(
    "release",
    metadata,
    Column("digest", String(64), primary_key=True),
    #: The canonical bytes that the digest is of
    Column("manifest", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    #: Who made it, sealed under the home's key
    Column("sealed", LargeBinary, nullable=False),
    Column("created", BigInteger, nullable=False),
)
