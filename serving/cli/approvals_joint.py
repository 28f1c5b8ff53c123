"""The part of `interlock approvals approve|reject` that decides what a job asks for together."""

import json
from typing import TYPE_CHECKING, Any, Final

from interlock.runtime.errors import BadInput, NotFound
from interlock.serving.cli import session
from interlock.serving.cli.fields import confirm
from interlock.serving.cli.show import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interlock.runtime.policy.request import Verdict
    from interlock.runtime.run.question import Approval
    from interlock.runtime.storage import Storage
    from interlock.serving.home import Home

#: Characters of a value on the screen
_LONGEST: Final = 160


def decide_together(
    verdict: "Verdict",
    *,
    job: str,
    tool: str | None,
    name: str | None,
    note: str,
    evidence: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Show what the job waits for, ask, and give one verdict on all of it or on nothing.

    What was shown is what is decided: what the job asks for in the meantime is not part of it.
    """
    settings = session.configured()
    reviewer = session.acting(settings, name)

    async def look(storage: "Storage") -> "Sequence[Approval]":
        from interlock.serving.names import job_named

        return await storage.approvals.of_job(await job_named(storage.store, job))

    group = _group(session.read(look, using=settings), job=job, tool=tool)
    told = _told(group)
    _same(told, evidence)
    if not as_json:
        _show(told)
    confirm(f"All {told['count']} are {verdict}?", yes=yes)

    async def work(home: "Home") -> None:
        from interlock.runtime.run.likeness import shown as shown_of
        from interlock.serving.operations import approvals as operations

        await operations.decide(
            home,
            *shown_of(group),
            person=reviewer,
            verdict=verdict,
            note=note,
        )

    session.run(work, using=settings)
    if as_json:
        session.print_json(told | {"verdict": verdict})
        return
    session.say(f"{told['count']} {verdict}.")
    session.next_step("interlock worker carries the runs on")


def _same(told: dict[str, Any], evidence: str | None) -> None:
    """Raise `BadInput` ("evidence_changed") where a person names other evidence than there is."""
    if evidence not in {None, told["evidence"]}:
        raise BadInput(
            code="evidence_changed",
            what="what the job asks for",
            why=f"you were shown {evidence}, the evidence is {told['evidence']}",
            next_step="Look again, without --evidence.",
        )


def _group(
    waiting: "Sequence[Approval]", *, job: str, tool: str | None
) -> "Sequence[Approval]":
    """Return the only group of what waits; `BadInput` ("not_alike") where there are several."""
    from interlock.runtime.run.likeness import groups

    alike = groups([one for one in waiting if tool in {None, one.tool}])
    if not alike:
        raise NotFound(
            kind="waiting approval of job",
            name=job,
            next_step="Look with `interlock approvals list`.",
        )
    if len(alike) > 1:
        kinds = ", ".join(
            f"{len(group)} of {group[0].tool} like {group[0].id}" for group in alike
        )
        raise BadInput(
            code="not_alike",
            what=f"what job {job} asks for",
            why=f"not all of it is alike: {kinds}",
            next_step="Name one with --tool, or decide them one by one.",
        )
    return alike[0]


def _told(group: "Sequence[Approval]") -> dict[str, Any]:
    """Return what is shown of a group before the verdict."""
    from interlock.runtime.run.likeness import digest_of, values

    first = group[0]
    return {
        "count": len(group),
        "tool": first.tool,
        "class": first.evidence["class"],
        "codes": first.evidence["codes"],
        "role": first.role,
        "values": {
            name: [
                {"value": one.value, "approvals": one.approvals} for one in different
            ]
            for name, different in values(group).items()
        },
        "evidence": digest_of(group),
        "approvals": [approval.id for approval in group],
    }


def _show(told: dict[str, Any]) -> None:
    session.say(shown(f"would do  {told['count']} x {told['tool']} ({told['class']})"))
    session.say(f"asked by  {', '.join(told['codes'])}; needs a {told['role']}")
    session.say(f"evidence  {told['evidence']}")
    for name, different in told["values"].items():
        for one in different:
            session.say(shown(f"{name:<9} {_line(one, told['count'])}"))


def _line(one: dict[str, Any], count: int) -> str:
    """Return one value in a line, with who has the value where not all have; say what is cut."""
    text = one["value"] if isinstance(one["value"], str) else json.dumps(one["value"])
    if len(text) > _LONGEST:
        cut = (
            f"({len(text)} characters: interlock approvals show {one['approvals'][0]})"
        )
        text = f"{text[:_LONGEST]}... {cut}"
    number = len(one["approvals"])
    if number == count:
        return text
    return f"{text}  [{number} of {count}, as {one['approvals'][0]}]"
