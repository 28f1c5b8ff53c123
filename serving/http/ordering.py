"""The order in the body of a request: JSON, or a form with a file beside it."""

from pathlib import Path
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from interlock.serving.http.refusal import RequestRefused
from interlock.serving.http.values.run import NewRun
from interlock.serving.operations.orders import Order
from interlock.tools.documents.document import printable
from interlock.tools.documents.errors import DocumentError
from interlock.tools.documents.reader import DocumentReader, File

JSON: Final = "application/json"
FORM: Final = "multipart/form-data"
#: The parts of a form: the order as JSON, and the document
ORDER: Final = "order"
FILE: Final = "file"
_READER: Final = DocumentReader()
_NAMELESS: Final = "document"
#: How the body stands in the OpenAPI document
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": {"$ref": "#/components/schemas/NewRun"}},
            FORM: {
                "schema": {
                    "type": "object",
                    "required": [ORDER, FILE],
                    "properties": {
                        ORDER: {
                            "type": "string",
                            "description": "The order as JSON, a `NewRun`",
                        },
                        FILE: {
                            "type": "string",
                            "format": "binary",
                            "description": "The document, as its bytes",
                        },
                    },
                }
            },
        },
    }
}


async def file_of(request: Request) -> File:
    """Return the one document of a form; raises `RequestRefused` and `RequestValidationError`."""
    kind = kind_of(request)
    if kind != FORM:
        raise RequestRefused("unsupported", kind=kind or "no kind")
    try:
        async with request.form(max_files=1, max_fields=0) as form:
            return await _file(form)
    except MultiPartException as error:
        raise wrong("the form cannot be read") from error


async def order_of(request: Request, *, key: str) -> Order:
    """Return the order under *key*; raises `RequestRefused` and `RequestValidationError`."""
    kind = kind_of(request)
    if kind == JSON:
        return _order(await request.body(), file=None, key=key)
    if kind != FORM:
        raise RequestRefused("unsupported", kind=kind or "no kind")
    try:
        async with request.form(max_files=1, max_fields=1) as form:
            return await _of_form(form, key=key)
    except MultiPartException as error:
        raise wrong("the form cannot be read") from error


async def _of_form(form: FormData, *, key: str) -> Order:
    text = form.get(ORDER)
    if not isinstance(text, str):
        raise wrong("the part is missing", ORDER)
    return _order(text.encode(), file=await _file(form), key=key)


async def _file(form: FormData) -> File:
    upload = form.get(FILE)
    if not isinstance(upload, UploadFile):
        raise wrong("the part is missing or is no file", FILE)
    data = await upload.read()
    try:
        return _READER.checked(File(path=named(upload.filename), data=data))
    except DocumentError as error:
        raise wrong(error.detail, FILE) from error


def kind_of(request: Request) -> str:
    """Return the kind of the body, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _order(body: bytes, *, file: File | None, key: str) -> Order:
    try:
        new = NewRun.model_validate_json(body)
    except ValidationError as error:
        raise RequestValidationError(
            error.errors(
                include_url=False,
                include_context=False,
                include_input=False,
            )
        ) from error
    if file is not None and new.document is not None:
        raise wrong("a file came with the order, so no other document can", "document")
    return Order(
        agent=new.agent,
        request=new.request,
        file=file,
        document=new.document,
        priority=new.priority,
        not_before=new.not_before,
        key=key,
    )


def named(filename: str | None) -> Path:
    """Return the name of a file that was handed in: a name, and no path to read."""
    return Path(printable(Path(filename or _NAMELESS).name) or _NAMELESS)


def wrong(why: str, *place: str) -> RequestValidationError:
    """Return the error of a request whose part at *place* is wrong."""
    return RequestValidationError([{"loc": place, "msg": why, "type": "value_error"}])
