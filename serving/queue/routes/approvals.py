"""The approvals: what waits, one of them whole, and the verdict on it."""

from dataclasses import replace
from typing import Annotated, Final, Literal, cast, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from interlock.runtime.errors import BadInput, Code, NotAuthenticated, NotPermitted
from interlock.runtime.policy.request import Verdict
from interlock.runtime.run.difference import EvidenceChanged
from interlock.runtime.run.question import Approval
from interlock.runtime.run.verdict import Shown
from interlock.serving.operations import approvals as operations
from interlock.serving.operations import looks
from interlock.serving.quality import opening
from interlock.serving.queue import cookie, evidence, fields
from interlock.serving.queue.difference import change_of
from interlock.serving.queue.frame import page
from interlock.serving.queue.risk import RISKS, WORDS, risk_named
from interlock.serving.queue.told import told
from interlock.serving.queue.trouble import NO_TROUBLE, Trouble, words_of
from interlock.serving.queue.visitor import Visiting, Visitor
from interlock.serving.queue.waiting import Wanted, Whose, waiting

router = APIRouter()
#: Digits of a number that a page takes
_DIGITS: Final = 12
HERE: Final = "/approvals"
#: What is other now than what the person decided on
_CONFLICTS: Final[frozenset[Code]] = frozenset(
    {
        "evidence_changed",
        "decided_already",
        "expired",
        "not_waiting",
        "erased",
        "already_claimed",
        "not_claimed",
        "asked_already",
        "nothing_asked",
    }
)
_AGES: Final = (
    (0, "any age"),
    (1, "over 1 h"),
    (8, "over 8 h"),
    (24, "over 1 day"),
)


class Filters(BaseModel):
    """What the list is asked for; a filter that nobody can mean does not count."""

    tool: str = ""
    role: str = ""
    risk: str = ""
    hours: str = ""
    whose: str = ""
    after: str = ""
    done: str = ""
    #: The canary that was decided just now
    canary: str = ""

    @property
    def wanted(self) -> Wanted:
        """The filters as the list takes them."""
        is_known = self.whose in get_args(Whose)
        return Wanted(
            tool=self.tool,
            role=self.role,
            risk=risk_named(self.risk),
            hours=_number(self.hours),
            whose=cast(Whose, self.whose) if is_known else "all",
            after=_after(self.after),
        )

    @property
    def query(self) -> str:
        """The filters as they stand in an address, without the place in the list."""
        given = self.model_dump(
            exclude={"after", "done", "canary"}, exclude_defaults=True
        )
        return urlencode(given)


class Said(BaseModel):
    """What a form about an approval is sent with: words, and in some a person or a role."""

    to: str = ""
    note: str = ""


class Decided(Said):
    """What the form of a verdict is sent with."""

    #: The digest of what the page showed, and what the page showed
    evidence_digest: str = ""
    carried: str = ""
    verdict: str = ""
    password: str = ""


class Edited(Decided):
    """What the form of an edit is sent with: kind and name of each argument, and its text."""

    verdict: Literal["rejected"] = "rejected"
    argument: list[str] = Field(default_factory=list)
    value: list[str] = Field(default_factory=list)

    @property
    def fields(self) -> tuple[fields.Field, ...]:
        """The arguments as the person wrote them; raises `BadInput` for no form of ours."""
        return fields.brought(self.argument, self.value)


@router.get("/approvals")
async def list_page(
    visitor: Visiting, filters: Annotated[Filters, Query()]
) -> Response:
    """Show what waits, the soonest deadline first."""
    await looks.ask(visitor.home, "approval.read", person=visitor.person)
    return page(
        visitor,
        "approvals.html",
        here=HERE,
        waiting=await waiting(visitor, filters.wanted),
        wanted=filters.wanted,
        query=filters.query,
        risks=[(name, WORDS[name]) for name in RISKS],
        ages=_AGES,
        done=filters.done if filters.done in get_args(Verdict) else "",
        told=await told(visitor, filters.canary) if filters.canary else "",
    )


@router.get("/approvals/{approval_id}")
async def approval_page(visitor: Visiting, approval_id: str) -> Response:
    """Show one approval whole: exactly what a verdict binds to."""
    approval = await looks.approval(visitor.home, approval_id, person=visitor.person)
    await opening.shown(visitor.home, approval, person=visitor.person)
    return await _shown(visitor, approval)


@router.get("/approvals/{approval_id}/standing")
async def standing(visitor: Visiting, approval_id: str) -> Response:
    """Show where the approval stands now, for a page that was opened before."""
    approval = await looks.approval(visitor.home, approval_id, person=visitor.person)
    return page(visitor, "standing.html", here=HERE, approval=approval)


@router.post("/approvals/{approval_id}/verdict")
async def decide(
    visitor: Visiting, approval_id: str, form: Annotated[Decided, Form()]
) -> Response:
    """Record a verdict on what was shown; whoever decides on what is no more is shown what is."""
    approval = await looks.approval(visitor.home, approval_id, person=visitor.person)
    if form.verdict not in get_args(Verdict):
        return await _shown(visitor, approval, _trouble(form, 400, "no_verdict"))
    return await _judged(visitor, approval, form)


@router.post("/approvals/{approval_id}/edit")
async def edit(
    visitor: Visiting, approval_id: str, form: Annotated[Edited, Form()]
) -> Response:
    """Reject what was shown, with the arguments that the person would agree to."""
    approval = await looks.approval(visitor.home, approval_id, person=visitor.person)
    return await _judged(visitor, approval, form)


async def _judged(visitor: Visitor, approval: Approval, form: Decided) -> Response:
    """Record what the form says, once the person has shown the password where that is asked."""
    fresh = visitor
    if evidence.needs_password(visitor, approval):
        try:
            fresh = await visitor.freshened(form.password)
        except NotAuthenticated:
            return await _shown(visitor, approval, _trouble(form, 403, "password"))
    answer = await _decided(fresh, approval.id, form)
    if fresh is not visitor:
        cookie.give(answer, fresh.cookie)
    return answer


async def _decided(visitor: Visitor, approval_id: str, form: Decided) -> Response:
    """Record the verdict, or show the page as it is now with what refused the verdict."""
    try:
        await _given(visitor, _seen(visitor, approval_id, form), form)
    except (BadInput, NotPermitted) as error:
        return await refused(visitor, approval_id, error, form)
    return await _recorded(visitor, approval_id, form)


async def _given(visitor: Visitor, shown: Shown, form: Decided) -> None:
    """Give the verdict, or the edit; raises as `operations.decide` and `operations.edit` do."""
    person, note = visitor.person, form.note
    if isinstance(form, Edited):
        arguments = fields.read(form.fields)
        await operations.edit(
            visitor.home,
            shown,
            person=person,
            arguments=arguments,
            note=note,
        )
        return
    verdict = cast(Verdict, form.verdict)
    await operations.decide(
        visitor.home,
        shown,
        person=person,
        verdict=verdict,
        note=note,
    )


def _seen(visitor: Visitor, approval_id: str, form: Decided) -> Shown:
    """Return what the form says the person was shown."""
    return Shown(
        approval=approval_id,
        evidence=form.evidence_digest,
        seen=evidence.brought_back(form.carried, form.evidence_digest),
    )


async def _recorded(visitor: Visitor, approval_id: str, form: Decided) -> Response:
    """Lead back to the list, which says what was recorded, and of a canary that it was one."""
    after = await visitor.home.approvals.read(approval_id)
    query = {"done": form.verdict} | ({"canary": approval_id} if after.canary else {})
    return RedirectResponse(f"{HERE}?{urlencode(query)}", status_code=303)


async def refused(
    visitor: Visitor,
    approval_id: str,
    error: BadInput | NotPermitted,
    form: Said,
    name: str = "verdict",
) -> Response:
    """Show the page as it is now, with what refused the person's wish; raises `NotFound`."""
    approval = await looks.approval(visitor.home, approval_id, person=visitor.person)
    changes = error.differences if isinstance(error, EvidenceChanged) else ()
    trouble = replace(
        _trouble(form, _status(error), error.code, name),
        words=words_of(error),
        changes=tuple(change_of(one) for one in changes),
    )
    return await _shown(visitor, approval, trouble)


def _trouble(form: Said, status: int, code: str, name: str = "verdict") -> Trouble:
    """Return why nothing was done, with all that the person had written."""
    return Trouble(
        status=status,
        code=code,
        form="edit" if isinstance(form, Edited) else name,
        to=form.to,
        note=form.note,
        fields=fields.kept(form.fields) if isinstance(form, Edited) else (),
    )


def _status(error: BadInput | NotPermitted) -> int:
    if isinstance(error, NotPermitted):
        return 403
    return 409 if error.code in _CONFLICTS else 400


async def _shown(
    visitor: Visitor, approval: Approval, trouble: Trouble = NO_TROUBLE
) -> Response:
    return page(
        visitor,
        "approval.html",
        here=HERE,
        status=trouble.status,
        trouble=trouble,
        **await evidence.shown(visitor, approval),
    )


def _after(text: str) -> tuple[int, str] | None:
    """Return the place that the name of a page stands for; None for the first page."""
    expires, _, approval_id = text.partition("-")
    number = _number(expires)
    return (number, approval_id) if number and approval_id else None


def _number(text: str) -> int:
    """Return the number that is written, or 0 for none and for one that no database takes."""
    return int(text) if text.isdecimal() and len(text) <= _DIGITS else 0
