"""Pictures of the pages of a PDF, with the places of a text on them.

They are drawn by PDFium, which is native code and reads hostile bytes: it runs in a confined child.
"""

from interlock.tools.documents.picture.album import Album
from interlock.tools.documents.picture.answer import Frame, Limits
from interlock.tools.documents.picture.leaf import (
    Leaf,
    NoPicture,
    NoPictureCode,
    Rectangle,
    Span,
)
from interlock.tools.documents.picture.painter import Painter

__all__ = [
    "Album",
    "Frame",
    "Leaf",
    "Limits",
    "NoPicture",
    "NoPictureCode",
    "Painter",
    "Rectangle",
    "Span",
]
