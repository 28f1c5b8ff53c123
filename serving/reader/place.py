"""Where the templates of the reading pages are, and who draws for them."""

from pathlib import Path
from typing import Final

from starlette.requests import Request

from interlock.tools.contracts.report import TEMPLATES
from interlock.tools.documents.picture import Album

#: The pages' own templates, and those of the report, whose parts the pages share
FOLDERS: Final = (Path(__file__).parent / "templates", TEMPLATES)


def album_of(request: Request) -> Album:
    """Return who draws pages for this application; all requests share one, and its limits."""
    state = request.app.state
    if not hasattr(state, "album"):
        state.album = Album()
    album: Album = state.album
    return album
