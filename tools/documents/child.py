"""The confined process that parses one document: bytes on stdin, one JSON object on stdout."""

import importlib
import json
import sys
from collections.abc import Callable
from typing import Final

from interlock.tools.documents.answer import encode
from interlock.tools.documents.document import Kind, Limits, Parsed
from interlock.tools.documents.errors import Refusal
from interlock.tools.documents.inventory import Redline
from interlock.tools.sandbox.limits import Isolation

Parser = Callable[[bytes, Limits, Redline], Parsed]
PARSERS: Final[dict[Kind, str]] = {
    "txt": "interlock.tools.documents.text",
    "pdf": "interlock.tools.documents.pdf",
    "docx": "interlock.tools.documents.docx",
}
"""The module that parses a kind, with `parse`; the only parser that the child loads."""


def main(_: Isolation, kind: Kind, redline: Redline, settings: str) -> int:
    """Parse stdin as a kind under `settings` (the JSON of `Limits`) and answer on stdout.

    `redline` says how tracked changes are read. Return the exit status.

    Any failure outside the parser ends the process with a status or a signal; the parent says what
    that means.
    """
    parser: Parser = importlib.import_module(PARSERS[kind]).parse
    answer = _answer(parser, Limits(**json.loads(settings)), redline)
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    return 0


def _answer(parser: Parser, limits: Limits, redline: Redline) -> bytes:
    try:
        return encode(parser(sys.stdin.buffer.read(), limits, redline))
    except Refusal as refusal:
        return encode(refusal)
    except MemoryError:
        return encode(
            Refusal(
                "limit",
                f"parsing it needs more than {limits.memory_bytes} bytes of memory",
            )
        )
    except Exception as error:  # noqa: BLE001 - a parser fed hostile bytes raises anything; the class alone is told
        return encode(
            Refusal("malformed", f"its parser gave up ({type(error).__name__})")
        )
