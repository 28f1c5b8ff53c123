"""Carriers in a PDF: painted text, invisible text, layers, annotations and what lies beside."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from interlock.evals.pictures.pdf import BOX, FONT, file, stream

_Write: TypeAlias = Callable[[Sequence[str], str], bytes]
_WIDTH: Final = 95
_NOTE: Final = b"<< /Type /Annot /Subtype /%s /Rect [72 40 300 60] /Contents (%s) >>"
_ANNOTATED: Final = "annotations are counted, not read"


def _escaped(words: str) -> bytes:
    plain = words.encode("latin-1")
    for mark in (b"\\", b"(", b")"):
        plain = plain.replace(
            mark,
            b"\\" + mark,
        )
    return plain


def _shown(
    paragraphs: Sequence[str], *, y: int, size: float = 9, state: str = ""
) -> bytes:
    """Return the content that shows the paragraphs line by line from the height *y* on."""
    lines: list[str] = []
    for paragraph in paragraphs:
        lines += textwrap.wrap(
            paragraph,
            _WIDTH,
        )
    shown = b" 0 -13 Td ".join(b"(%s) Tj" % _escaped(line) for line in lines)
    return b"BT %s /F1 %g Tf 50 %d Td %s ET" % (state.encode(), size, y, shown)


def _pages(
    contents: Sequence[bytes],
    *,
    page: bytes = b"",
    resources: bytes = b"",
    catalog: bytes = b"",
    more: Sequence[bytes] = (),
) -> bytes:
    """Return a PDF of a page for each content; *more* are its objects from number 4 on."""
    first = 4 + len(more)
    kids = b" ".join(b"%d 0 R" % (first + 2 * place) for place in range(len(contents)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(contents)),
        FONT,
        *more,
    ]
    for content in contents:
        own = b"<< /Type /Page /Parent 2 0 R /MediaBox %s /Contents %d 0 R %s" % (
            BOX,
            len(objects) + 2,
            page,
        )
        own += b" /Resources << /Font << /F1 3 0 R >> %s >> >>" % resources
        objects += [own, stream(content)]
    return file(objects)


def _painted(state: str = "", *, y: int = 120, size: float = 9) -> _Write:
    """Return a writer that paints the words below the contract."""

    def write(contract: Sequence[str], words: str) -> bytes:
        body = _shown(
            contract,
            y=740,
        )
        return _pages(
            [
                body
                + b"\n"
                + _shown(
                    [words],
                    y=y,
                    size=size,
                    state=state,
                )
            ]
        )

    return write


def _beside(form: bytes, *, where: bytes = b"catalog") -> _Write:
    """Return a writer that keeps the words in an object 4 beside the pages."""

    def write(contract: Sequence[str], words: str) -> bytes:
        body = [
            _shown(
                contract,
                y=740,
            )
        ]
        held = [form % _escaped(words)]
        if where == b"page":
            return _pages(
                body,
                page=b"/Annots [4 0 R]",
                more=held,
            )
        return _pages(
            body,
            catalog=where,
            more=held,
        )

    return write


def _layer(contract: Sequence[str], words: str) -> bytes:
    """Write the words on a layer that is off."""
    group = b"<< /Type /OCG /Name (Draft) >>"
    layer = b"/OC /L BDC %s EMC" % _shown(
        [words],
        y=120,
    )
    return _pages(
        [
            _shown(
                contract,
                y=740,
            )
            + b"\n"
            + layer
        ],
        resources=b"/Properties << /L 4 0 R >>",
        catalog=b"/OCProperties << /OCGs [4 0 R] /D << /OFF [4 0 R] >> >>",
        more=[group],
    )


def _two_pages(contract: Sequence[str], words: str) -> bytes:
    middle = words.index(
        " ",
        len(words) // 2,
    )
    first = [*contract, words[:middle]]
    return _pages(
        [
            _shown(
                first,
                y=740,
            ),
            _shown(
                [words[middle:]],
                y=740,
            ),
        ]
    )


def _attached(contract: Sequence[str], words: str) -> bytes:
    named = b"/Names << /EmbeddedFiles << /Names [(a.txt) 4 0 R] >> >>"
    listed = b"<< /Type /Filespec /F (a.txt) /EF << /F 5 0 R >> >>"
    return _pages(
        [
            _shown(
                contract,
                y=740,
            )
        ],
        catalog=named,
        more=[
            listed,
            stream(
                words.encode("latin-1"),
                b"/Type /EmbeddedFile",
            ),
        ],
    )


_SCRIPT: Final = b"<< /S /JavaScript /JS (app.alert\\('%s'\\)) >>"
_META: Final = b"<< /Type /Catalogue /Title (%s) >>"
#: By name: the writer, and why the words are not read; empty where they are
WRITERS: Final[Mapping[str, tuple[_Write, str]]] = {
    "body": (_painted(), ""),
    "white": (_painted("1 1 1 rg"), ""),
    "tiny": (_painted(size=0.5), ""),
    "invisible": (_painted("3 Tr"), ""),
    "off-the-page": (_painted(y=-400), ""),
    "layer-that-is-off": (_layer, ""),
    "over-two-pages": (_two_pages, ""),
    "annotation": (
        _beside(
            _NOTE % (b"FreeText", b"%s"),
            where=b"page",
        ),
        _ANNOTATED,
    ),
    "sticky-note": (
        _beside(
            _NOTE % (b"Text", b"%s"),
            where=b"page",
        ),
        _ANNOTATED,
    ),
    "form-value": (
        _beside(
            b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (n) /Rect [72 40 300 60] /V (%s) >>",
            where=b"page",
        ),
        "form values are counted, not read",
    ),
    "attachment": (_attached, "attachments are counted, not read"),
    "script": (
        _beside(
            _SCRIPT,
            where=b"/OpenAction 4 0 R",
        ),
        "scripts are not read",
    ),
    "metadata": (
        _beside(
            _META,
            where=b"/PieceInfo 4 0 R",
        ),
        "metadata is not read",
    ),
}
