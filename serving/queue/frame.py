"""The frame around every page: who is signed in, where one can go, and what the page shows."""

from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from fastapi.responses import HTMLResponse

from interlock.serving.people import OF_ISSUER
from interlock.serving.queue.moment import ago, amount, left
from interlock.serving.queue.visitor import Visitor
from interlock.serving.queue.words import KINDS
from interlock.tools.page import render

_HERE: Final = Path(__file__).parent
TEMPLATES: Final = _HERE / "templates"
STATIC: Final = _HERE / "static"
#: Path and name of what stands in the bar of every page
PLACES: Final = (
    ("/", "Home"),
    ("/approvals", "Approvals"),
    ("/runs", "Runs"),
    ("/jobs", "Jobs"),
    ("/policy", "Policy"),
    ("/releases", "Releases"),
    ("/budgets", "Budgets"),
    ("/audit", "Audit"),
    ("/quality", "Quality"),
)
#: What each key does, as the sheet of keys says; no single key decides anything
KEYS: Final = (
    ("j / k", "next, previous in a list"),
    ("o or Enter", "open what is marked"),
    ("a", "go to Approve; nothing is decided yet"),
    ("r", "go to Reject; nothing is decided yet"),
    ("n", "go to the reason"),
    ("c", "go to I look at it, or Release"),
    ("e", "go to Reject with an edit"),
    ("g h", "home"),
    ("g a", "approvals"),
    ("g r", "runs"),
    ("?", "this sheet"),
    ("Esc", "leave a field, close the sheet"),
)


def page(
    visitor: Visitor,
    template: str,
    *,
    here: str,
    status: int = 200,
    folders: tuple[Path, ...] = (),
    **values: Any,
) -> HTMLResponse:
    """Return the page of *template* for somebody who is signed in; *here* is the place it is in.

    The template is looked for in *folders* first.
    """
    body = render(
        template,
        folders=(*folders, TEMPLATES),
        here=here,
        places=PLACES,
        keys=KEYS,
        version=version(),
        person=visitor.person,
        has_password=not visitor.person.id.startswith(OF_ISSUER),
        csrf=visitor.csrf,
        size=visitor.size,
        ago=partial(ago, now=visitor.now),
        left=partial(left, now=visitor.now),
        amount=amount,
        kinds=KINDS,
        **values,
    )
    return HTMLResponse(body, status_code=status)


def bare(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page for somebody who is not signed in."""
    body = render(
        template,
        folders=(TEMPLATES,),
        here="",
        places=(),
        keys=KEYS,
        version=version(),
        person=None,
        csrf="",
        **values,
    )
    return HTMLResponse(body, status_code=status)


@cache
def version() -> str:
    """Return what changes in the address of a file whenever the files change."""
    digest = sha256()
    for file in sorted(STATIC.iterdir()):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
