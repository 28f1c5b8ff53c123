"""PDF: the text of every page, in the order and form pypdf extracts it."""

import io
import logging
import re
from contextlib import AbstractContextManager
from typing import Final

from pypdf import PdfReader, apply_configuration
from pypdf.errors import FileNotDecryptedError, LimitReachedError, PyPdfError
from pypdf.generic import DictionaryObject, NumberObject

from interlock.tools.documents import pdf_inventory
from interlock.tools.documents.document import Limits, Parsed
from interlock.tools.documents.errors import Refusal
from interlock.tools.documents.inventory import Inventory, Redline
from interlock.tools.documents.text import with_newlines

PAGE_BREAK: Final = "\n\f\n"
"""What stands between two pages of the text."""

_TAIL: Final = 2048

# pypdf repairs what it can and logs it. These repairs lose text, and a document with a hole is not
# returned.
_LOSS: Final = (
    "not defined",
    "ignoring the stream",
    "Invalid stream",
    "skipping the entry",
    "skipping %(operand)s",
    "is skipped",
    "Skipping broken line",
    "Impossible to decode",
    "can not be read",
    "might not be read",
    "not a stream",
    "Limiting to",
    "Ignoring page tree entry",
    "entry %(num)d in Xref table invalid; object not found",
)
_PLACEHOLDER: Final = re.compile(r"%\(\w+\)\w")


class _Losses(logging.Handler):
    """Collects pypdf's warnings that mean lost text, as templates without document content."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.templates: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        template = str(record.msg)
        if record.name == "pypdf.filters" or any(loss in template for loss in _LOSS):
            self.templates.append(template)


def parse(data: bytes, limits: Limits, _: Redline = "accepted") -> Parsed:
    """Return the text of all pages, joined by `PAGE_BREAK`; NUL and lone surrogates become U+FFFD.

    A PDF that opens with an empty user password is read. Annotations, form values, attachments,
    pictures and pages without text are counted, not read. Refusals: `encrypted`, `malformed` (also
    truncated, and damage that pypdf would repair by leaving text out), `archive_bomb`, `limit`,
    `no_text`.
    """
    if b"%%EOF" not in data[-_TAIL:]:
        raise Refusal("malformed", "the PDF is cut off: no %%EOF at its end")
    losses = _Losses()
    logger = logging.getLogger("pypdf")
    logger.addHandler(losses)
    logger.propagate = False
    try:
        with _configured(limits):
            reader = PdfReader(io.BytesIO(data))
            pages = _pages(reader, limits)
            losses.setLevel(logging.CRITICAL)  # what follows reads no text
            inventory = pdf_inventory.inventory(reader, pages)
    except LimitReachedError as error:
        raise _over_limit(error) from None
    except FileNotDecryptedError:
        raise Refusal("encrypted", "the PDF needs a password") from None
    except PyPdfError as error:
        raise Refusal(
            "malformed", f"the PDF is damaged ({type(error).__name__})"
        ) from None
    finally:
        logger.removeHandler(losses)
    if losses.templates:
        loss = _PLACEHOLDER.sub("…", losses.templates[0])
        raise Refusal(
            "malformed", f"the PDF is damaged and text would be missing ({loss})"
        )
    if not any(page.strip() for page in pages):
        raise Refusal("no_text", f"none of its {len(pages)} pages holds text")
    return _join(pages, inventory)


def _configured(limits: Limits) -> AbstractContextManager[object]:
    return apply_configuration(
        zlib_maximum_output_length=limits.zip_total,
        lzw_maximum_output_length=limits.zip_total,
        run_length_maximum_output_length=limits.zip_total,
        brotli_maximum_output_length=limits.zip_total,
        array_based_stream_maximum_output_length=limits.zip_total,
        page_tree_maximum_entries=2 * limits.max_pages + 1,
        jbig2dec_binary=None,
        disable_legacy_handling=True,
    )


def _pages(reader: PdfReader, limits: Limits) -> list[str]:
    texts: list[str] = []
    total = 0
    for number in range(_page_count(reader, limits)):
        texts.append(_clean(reader.pages[number].extract_text()))
        total += len(texts[-1]) + len(PAGE_BREAK)
        if total > limits.max_chars:
            raise Refusal(
                "limit",
                f"more than {limits.max_chars} characters by page {number + 1}",
            )
    return texts


def _page_count(reader: PdfReader, limits: Limits) -> int:
    count = len(reader.pages)
    if count > limits.max_pages:
        raise Refusal("limit", f"{count} pages, {limits.max_pages} allowed")
    tree = reader.root_object["/Pages"]
    if (
        count == 0
        or not isinstance(tree, DictionaryObject)
        or tree["/Count"] != NumberObject(count)
    ):
        raise Refusal(
            "malformed",
            f"the PDF does not hold the number of pages it names ({count} were found)",
        )
    return count


def _clean(text: str) -> str:
    printable = (
        text.replace("\x00", "\ufffd")
        .encode("utf-16-le", "surrogatepass")
        .decode("utf-16-le", "replace")
    )
    return with_newlines(printable)


def _join(pages: list[str], inventory: Inventory) -> Parsed:
    starts: list[int] = []
    offset = 0
    for page in pages:
        starts.append(offset)
        offset += len(page) + len(PAGE_BREAK)
    return Parsed(
        text=PAGE_BREAK.join(pages),
        pages=tuple(starts),
        inventory=inventory,
    )


def _over_limit(error: LimitReachedError) -> Refusal:
    if "decompressing" in str(error):
        return Refusal(
            "archive_bomb", "a compressed stream of the PDF expands beyond the limit"
        )
    return Refusal(
        "limit",
        "the PDF exceeds a limit of its parser (depth, size or number of objects)",
    )
