"""Documents as people read them: what a run read, its text, and pictures of its pages.

What belongs to another tenant is not there: the answer is the one for an unknown id.
"""

from pathlib import Path

from interlock.runtime.canonical import Json
from interlock.runtime.errors import NotFound
from interlock.runtime.policy.request import Principal
from interlock.runtime.run import subject
from interlock.serving.home import Home
from interlock.tools.documents import Document, DocumentError, DocumentReader
from interlock.tools.documents.picture import Album, Frame, Leaf, NoPicture
from interlock.tools.documents.reader import File
from interlock.tools.library import Reading


async def readings(home: Home, run_id: str, *, person: Principal) -> list[Reading]:
    """Return what the run read, newest first, if the policy lets *person* look.

    Raises `NotFound` and `NotPermitted`. An erased run has none.
    """
    await _look(home, run_id, {}, person=person)
    return await home.library.readings(tenant=person.tenant, run_id=run_id)


async def document(
    home: Home, run_id: str, digest: str, *, person: Principal
) -> Document:
    """Return one document that the run read; raises as `readings` does."""
    await _look(home, run_id, {"document": digest}, person=person)
    for reading in await home.library.readings(
        tenant=person.tenant,
        run_id=run_id,
        digest=digest,
    ):
        return reading.document
    raise NotFound(
        kind="document",
        name=digest,
        next_step="Look at what the run has read.",
    )


async def picture(
    home: Home,
    album: Album,
    run_id: str,
    shown: Document,
    leaf: Leaf,
    *,
    person: Principal,
) -> Frame:
    """Return a page of *shown*, which *person* was let see, as a picture; raises `NoPicture`.

    What is drawn are the very bytes that the run read: those that were submitted with the run, or
    the file where the run found it, if its digest is still the same.
    """
    if shown.kind != "pdf":
        raise NoPicture("no_pages")
    file = await home.library.submitted(run_id) or await _where_it_was(home, run_id)
    if file is None or file.digest != shown.digest:
        raise NoPicture("no_file")
    return await album.draw(file.data, leaf, owner=person.tenant)


async def _look(
    home: Home, run_id: str, arguments: dict[str, Json], *, person: Principal
) -> None:
    await home.runtime.acts.look(
        "document.open",
        person=person,
        arguments=arguments,
        look=subject.run(run_id),
    )


async def _where_it_was(home: Home, run_id: str) -> File | None:
    path = (await home.runs.read(run_id)).request.get("path")
    if not isinstance(path, str):
        return None
    try:
        return await DocumentReader().taken(Path(path))
    except DocumentError:
        return None
