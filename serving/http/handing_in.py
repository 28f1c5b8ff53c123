"""The job in a form: what is asked, and the documents beside it."""

import hashlib
from functools import partial
from pathlib import Path
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from interlock.runtime.policy.request import Principal
from interlock.serving.home import Home
from interlock.serving.http.ordering import FORM, kind_of, named, wrong
from interlock.serving.http.refusal import RequestRefused
from interlock.serving.http.values.job import NewJob, Submitted
from interlock.serving.operations import documents, submissions
from interlock.serving.submission import Named, Submission
from interlock.tools.documents.reader import File

#: The parts of a form: the job as JSON, and its documents
JOB: Final = "job"
FILES: Final = "files"
#: Documents at most; a larger portfolio is several jobs
MOST: Final = 500
_CHUNK: Final = 1024 * 1024
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": [JOB],
                    "properties": {
                        JOB: {
                            "type": "string",
                            "description": "The job as JSON, a `NewJob`",
                        },
                        FILES: {
                            "type": "array",
                            "maxItems": MOST,
                            "items": {"type": "string", "format": "binary"},
                            "description": "The documents",
                        },
                    },
                }
            }
        },
    }
}


async def submitted(home: Home, request: Request, *, person: Principal) -> Submitted:
    """Submit the job in the form of *request*; raises as `submissions.submit` does.

    One document is in memory at a time; the others wait on the disk of the server, nameless.
    """
    kind = kind_of(request)
    if kind != FORM:
        raise RequestRefused("unsupported", kind=kind or "no kind")
    try:
        async with request.form(max_files=MOST, max_fields=1) as form:
            submission = await _of_form(home, form, person)
            done = await submissions.submit(home, submission, person=person)
    except MultiPartException as error:
        raise wrong("the form cannot be read") from error
    return Submitted(
        job=done.job,
        runs=done.runs,
        skipped=done.skipped,
        before=done.before,
    )


async def _of_form(home: Home, form: FormData, person: Principal) -> Submission:
    text = form.get(JOB)
    if not isinstance(text, str):
        raise wrong("the part is missing", JOB)
    try:
        new = NewJob.model_validate_json(text)
    except ValidationError as error:
        raise RequestValidationError(
            error.errors(
                include_url=False,
                include_context=False,
                include_input=False,
            )
        ) from error
    uploads = [part for part in form.getlist(FILES) if isinstance(part, UploadFile)]
    known = [await _kept(home, digest, person) for digest in new.documents]
    if not uploads and not known:
        raise wrong("no document came", FILES)
    return Submission(
        agent=new.agent,
        documents=[*known, *[await document(upload) for upload in uploads]],
        request=new.request,
        limits={str(kind): amount for kind, amount in new.limits.items()},
        priority=new.priority,
        name=new.name,
        again=new.again,
    )


async def _kept(home: Home, digest: str, person: Principal) -> Named:
    """Return a document that was handed in before; raises `NotFound`."""
    deposit = await documents.there(home, digest, person=person)
    return Named(
        path=Path(deposit.name),
        digest=digest,
        taken=partial(documents.taken, home, digest, person=person),
    )


async def document(upload: UploadFile) -> Named:
    """Return a document that came in a form; its bytes are taken when it is its turn."""
    digest = hashlib.sha256()
    while part := await upload.read(_CHUNK):
        digest.update(part)
    path = named(upload.filename)
    return Named(
        path=path,
        digest=digest.hexdigest(),
        taken=partial(_taken, upload, path),
    )


async def _taken(upload: UploadFile, path: Path) -> File:
    await upload.seek(0)
    return File(path=path, data=await upload.read())
