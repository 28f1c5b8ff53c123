"""A picture is drawn once for whoever it belongs to, and the album stays small."""

from typing import Any

from interlock.tools.documents.picture import Album, Frame, Leaf
from interlock.tools.documents.picture.painter import Painter


class Drawing(Painter):
    """Answers at once with a picture of a hundred bytes, and counts."""

    async def draw(self, data: bytes, leaf: Leaf) -> Frame:
        drawn.append((data, leaf.page))
        return Frame(width=1, height=1, image=data * 100, marks=[])


drawn: list[tuple[bytes, int]] = []


def page(number: int, **more: Any) -> Leaf:
    """Return a wish for one page."""
    return Leaf(page=number, width=300, **more)


async def test_a_picture_is_kept_for_its_owner_alone() -> None:
    """The same page of the same bytes is drawn once for one tenant, and again for another; other
    bytes, another page or other spans are another picture.
    """
    drawn.clear()
    album = Album(painter=Drawing())
    frames = [await album.draw(b"a", page(1), owner=one) for one in ("x", "x", "y")]
    for data, leaf in (
        (b"b", page(1)),
        (b"a", page(2)),
        (b"a", page(1, text="ab", spans=[(0, 1)])),
    ):
        await album.draw(data, leaf, owner="x")

    assert frames[0] is frames[1]
    assert len(drawn) == 5


async def test_the_oldest_pictures_make_room() -> None:
    """What was looked at longest ago is drawn again once the album is full, what is too large for
    it always.
    """
    drawn.clear()
    album = Album(painter=Drawing(), room=450)
    for number in (1, 2, 1, 3, 1, 2):
        await album.draw(b"a", page(number), owner="x")
    for _ in range(2):
        await album.draw(b"long" * 10, page(1), owner="x")

    assert [number for _, number in drawn[:4]] == [1, 2, 3, 2]
    assert len(drawn) == 6
