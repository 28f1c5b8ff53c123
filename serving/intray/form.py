"""The form in which documents are handed in: files, and what is asked of all of them."""

from collections.abc import Sequence

from starlette.datastructures import FormData, UploadFile

from interlock.agents.contract_review.workflow import NAME
from interlock.runtime.canonical import Json
from interlock.runtime.errors import BadInput
from interlock.serving.http.handing_in import MOST, document
from interlock.serving.submission import Submission


async def submission(form: FormData, playbooks: Sequence[str]) -> Submission:
    """Return what was handed in; raises `BadInput` naming what is wrong with the form."""
    uploads = [part for part in form.getlist("files") if isinstance(part, UploadFile)]
    named = [upload for upload in uploads if upload.filename]
    if not named:
        raise _wrong("files", "no document was chosen", "Choose one or more files.")
    if len(named) > MOST:
        raise _wrong("files", f"more than {MOST} documents", "Hand in several jobs.")
    return Submission(
        agent=NAME,
        documents=[await document(upload) for upload in named],
        request=_request(form, playbooks),
        again=form.get("again") == "yes",
    )


def _request(form: FormData, playbooks: Sequence[str]) -> dict[str, Json]:
    request: dict[str, Json] = {}
    party = _text(form, "party")
    playbook = _text(form, "playbook")
    addresses = _text(form, "notify").replace(",", " ").split()
    if party:
        request["party"] = party
    if playbook:
        if playbook not in playbooks:
            raise _wrong("playbook", "there is none of that name", "Choose one.")
        request["playbook"] = playbook
    if addresses:
        request["notify"] = [*addresses]
    if _text(form, "redline") == "rejected":
        request["redline"] = "rejected"
    return request


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def _wrong(field: str, why: str, next_step: str) -> BadInput:
    return BadInput(
        what=field,
        why=why,
        next_step=next_step,
    )
