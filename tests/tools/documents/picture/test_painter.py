"""A page is drawn in a confined child, and its text is found on it, or a reason is given."""

import io
import json
import struct
from collections.abc import Callable

import pypdfium2  # type: ignore[import-untyped]  # ships no types
import pytest
from pypdf import PdfWriter

from interlock.tools.documents.picture import (
    Leaf,
    Limits,
    NoPicture,
    Painter,
)
from interlock.tools.documents.picture.child import main
from interlock.tools.sandbox.limits import Isolation

MakePdf = Callable[..., bytes]
Show = Callable[..., bytes]
LINES = ("Fees are capped.", "Fees are due in May.", "The end.")
TEXT = "\n".join(LINES)


def page(number: int = 1, *, width: int = 306) -> Leaf:
    """Return a wish for one page and nothing on it."""
    return Leaf(page=number, width=width)


async def reason(data: bytes, leaf: Leaf, limits: Limits | None = None) -> str:
    """Return why there is no picture."""
    with pytest.raises(NoPicture) as caught:
        await Painter(limits=limits or Limits()).draw(data, leaf)
    return caught.value.code


async def test_a_page_becomes_a_picture_of_the_wanted_width(
    make_pdf: MakePdf, show: Show
) -> None:
    """The picture is as wide as asked for, as tall as the page wants, and shows ink."""
    data = make_pdf([show("blank"), show(*LINES)])
    frame = await Painter().draw(data, page(2))
    assert (frame.width, frame.height) == (306, 396)
    assert struct.unpack(">II", frame.image[16:24]) == (306, 396)
    empty = await Painter().draw(make_pdf([b""]), page())
    assert len(frame.image) > len(empty.image)


async def test_a_span_is_marked_where_its_words_stand_and_nowhere_else(
    make_pdf: MakePdf, show: Show
) -> None:
    """Within the rectangles of a span PDFium reads the words of the span, one rectangle a line."""
    data = make_pdf([show(*LINES)])
    spans = [
        (TEXT.index("Fees are due"), TEXT.index(" in May")),
        (TEXT.index("capped"), TEXT.index(" due")),
        (TEXT.index("\n"), TEXT.index("\n") + 1),
    ]
    leaf = Leaf(
        page=1,
        width=1224,
        text=TEXT,
        spans=spans,
        pixels=False,
    )
    due, two_lines, blank = (await Painter().draw(data, leaf)).marks
    reader = pypdfium2.PdfDocument(data)[0].get_textpage()

    def read(left: int, top: int, right: int, bottom: int) -> str:
        box = (left / 2, 792 - bottom / 2, right / 2, 792 - top / 2)
        return str(reader.get_text_bounded(*box)).strip()

    assert due is not None
    assert [read(*box) for box in due] == ["Fees are due"]
    assert two_lines is not None
    assert [read(*box) for box in two_lines] == ["capped.", "Fees are"]
    assert blank is None


async def test_text_that_is_not_on_the_picture_is_not_marked(
    make_pdf: MakePdf,
) -> None:
    """A span that the page holds outside its edge has no place."""
    data = make_pdf([b"BT /F1 12 Tf 9000 720 Td (far away) Tj ET"])
    leaf = Leaf(
        page=1,
        width=306,
        text="far away",
        spans=[(0, 8)],
        pixels=False,
    )
    assert (await Painter().draw(data, leaf)).marks == [None]


async def test_a_page_too_long_is_drawn_narrower(make_pdf: MakePdf) -> None:
    """However long a page says it is, the picture has no more pixels than allowed."""
    data = make_pdf([b""]).replace(b"[0 0 612 792]", b"[0 0 002 999]")
    frame = await Painter(limits=Limits(pixels=50_000)).draw(data, page(width=900))
    assert 0 < frame.width * frame.height <= 50_000
    assert frame.height > frame.width


async def test_what_cannot_be_drawn_says_why(make_pdf: MakePdf, show: Show) -> None:
    """No file, no such page, damage and a password are told apart from nothing to see."""
    data = make_pdf([show("one")])
    locked = PdfWriter(clone_from=io.BytesIO(data))
    locked.encrypt("secret", algorithm="RC4-128")
    sealed = io.BytesIO()
    locked.write(sealed)
    assert await reason(b"plain text", page()) == "no_pages"
    assert await reason(data, page(2)) == "no_page"
    assert await reason(data, page(0)) == "no_page"
    assert await reason(b"%PDF-1.7 and then nothing", page()) == "damaged"
    assert await reason(sealed.getvalue(), page()) == "damaged"


async def test_a_page_that_wants_too_much_is_ended(make_pdf: MakePdf) -> None:
    """A small file that takes its drawing many seconds gives a reason soon, and no picture."""
    heavy = b"q " + b"0 0 m 600 700 l 5 900 300 2 7 7 c B* " * 900_000 + b"Q"
    data = make_pdf([heavy], compress=True)
    assert await reason(data, page(width=2000), Limits(cpu_s=1)) == "limit"


@pytest.mark.parametrize("open_layer", ["calls", "files"])
def test_without_the_kernel_nothing_is_drawn(
    open_layer: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Native code reads a hostile file only where the kernel holds it; else there is no picture."""
    held = {"calls": True, "files": True, "network": True, open_layer: False}
    main(Isolation(**held), "1000")
    assert json.loads(capsysbinary.readouterr().out) == {"code": "unconfined"}
