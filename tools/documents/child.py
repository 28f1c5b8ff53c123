"""The confined process that parses one document: bytes on stdin, one JSON object on stdout, then it ends."""

import json
import sys
from collections.abc import Callable
from typing import Literal, assert_never

from interlock.tools.documents.answer import encode, encode_isolation
from interlock.tools.documents.document import Kind, Limits, Parsed
from interlock.tools.documents.errors import Refusal
from interlock.tools.sandbox.confinement import confine

Parser = Callable[[bytes, Limits], Parsed]


def main(task: Kind | Literal["isolation"], settings: str) -> int:
    """Parse stdin as a kind under `settings` (the JSON of `Limits`) and answer on stdout; return the exit status.

    The parser's modules are loaded first, then this process is confined for good, and only then is
    the document read. The task `isolation` reads nothing and answers what the kernel holds such a
    process to. Any failure outside the parser ends the process with a status or a signal; the
    parent says what that means.
    """
    limits = Limits(**json.loads(settings))
    if task == "isolation":
        said = encode_isolation(confine(limits))
    else:
        parser = _parser(task)
        confine(limits)
        said = _answer(parser, limits)
    sys.stdout.buffer.write(said)
    sys.stdout.buffer.flush()
    return 0


def _parser(kind: Kind) -> Parser:
    match kind:
        case "txt":
            from interlock.tools.documents import text  # noqa: PLC0415 - only the parser in use is loaded

            return text.parse
        case "pdf":
            from interlock.tools.documents import pdf  # noqa: PLC0415 - only the parser in use is loaded

            return pdf.parse
        case "docx":
            from interlock.tools.documents import docx  # noqa: PLC0415 - only the parser in use is loaded

            return docx.parse
        case _:
            assert_never(kind)


def _answer(parser: Parser, limits: Limits) -> bytes:
    try:
        return encode(parser(sys.stdin.buffer.read(), limits))
    except Refusal as refusal:
        return encode(refusal)
    except MemoryError:
        return encode(
            Refusal("limit", f"parsing it needs more than {limits.memory_bytes} bytes of memory")
        )
    except Exception as error:  # noqa: BLE001 - a parser fed hostile bytes raises anything; the class alone is told
        return encode(Refusal("malformed", f"its parser gave up ({type(error).__name__})"))
