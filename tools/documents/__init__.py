"""Documents read safely: a file goes in, its exact text or a typed refusal comes out.

Every document is parsed in a confined child process; see `interlock.tools.sandbox.confinement` for
what that holds.
"""

from interlock.tools.documents.document import Document, Kind, Limits
from interlock.tools.documents.errors import DocumentError, ErrorCode
from interlock.tools.documents.reader import DocumentReader

__all__ = [
    "Document",
    "DocumentError",
    "DocumentReader",
    "ErrorCode",
    "Kind",
    "Limits",
]
