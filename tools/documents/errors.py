"""Why a document was refused, and what the person who sent it can do next."""

from typing import Final, Literal

ErrorCode = Literal[
    "missing",
    "not_a_file",
    "empty",
    "too_large",
    "encrypted",
    "unsupported",
    "malformed",
    "archive_bomb",
    "encoding",
    "no_text",
    "limit",
    "unreadable",
]

NEXT_STEP: Final[dict[ErrorCode, str]] = {
    "missing": "Check the path.",
    "not_a_file": "Name a regular file.",
    "empty": "Check that the file was saved or copied completely.",
    "too_large": "Split the document.",
    "encrypted": "Remove the password and try again.",
    "unsupported": "Save it as a text PDF, a DOCX or UTF-8 text.",
    "malformed": "Open it in its own program and save it again, or ask for a fresh copy.",
    "archive_bomb": "Do not open it elsewhere before you know where it came from.",
    "encoding": "Save it as UTF-8.",
    "no_text": "If it is a scan, run OCR first and pass the searchable PDF.",
    "limit": "Split the document, or raise the limit if you trust where it came from.",
    "unreadable": "Check the file's permissions and this machine, then try again.",
}


class Refusal(Exception):
    """A document was refused for `code`, at the place named in `detail`.

    Raised where the path is not known (parsers, the child's channel); `DocumentReader` adds the
    path and raises `DocumentError`. It never reaches a caller of the package.
    """

    def __init__(self, code: ErrorCode, detail: str) -> None:
        super().__init__(code, detail)
        self.code: ErrorCode = code
        self.detail = detail


class DocumentError(Exception):
    """The file at `path` gave no document; nothing of it was returned.

    `str(error)` is one printable line: the file, what is wrong and where, the next step. `detail`
    never quotes the document, so it is safe to log and to show to a model. Reading the same bytes
    again gives the same code, except for `limit` and `unreadable`, which also depend on the
    machine.
    """

    def __init__(self, *, code: ErrorCode, path: str, detail: str) -> None:
        super().__init__(f"Cannot read {path!r} ({code}): {detail}. {NEXT_STEP[code]}")
        self.code: ErrorCode = code
        self.path = path
        self.detail = detail
