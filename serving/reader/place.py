"""Where the templates of the reading pages are, and who draws for them."""

from pathlib import Path
from typing import Final

from starlette.requests import Request

from interlock.tools.contracts.report import TEMPLATES
from interlock.tools.documents.picture import Painter

#: The pages' own templates, and those of the report, whose parts the pages share
FOLDERS: Final = (Path(__file__).parent / "templates", TEMPLATES)


def painter_of(request: Request) -> Painter:
    """Return who draws pages for this application; all requests share one, and its limits."""
    state = request.app.state
    if not hasattr(state, "painter"):
        state.painter = Painter()
    painter: Painter = state.painter
    return painter
