"""Figures: how people reviewed in a stretch of time, each with what it is a share of.

Canaries count for attention alone: they are no work, so they move neither the number of verdicts
nor how many of these were rejections.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from sqlalchemy import Connection, RowMapping, Select, select

from interlock.runtime.policy.request import identity
from interlock.runtime.record.store import tables
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import approval_step, attention
from interlock.runtime.run.attention import Meeting
from interlock.serving.quality.share import Share

#: An approval that took less than this was not read
QUICK_S: Final = 2
SHIFT_S: Final = 8 * 3600
DAY_S: Final = 86_400
_APPROVALS: Final = tables.approval.c
_STEPS: Final = tables.approval_step.c
#: What a step is sealed for beside what it says itself
_OPENING: Final = (
    _APPROVALS.digest,
    _APPROVALS.revision,
    _APPROVALS.expires,
    _APPROVALS.canary,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """One verdict of one person."""

    approval: str
    person: str
    is_yes: bool
    is_canary: bool
    at: int
    #: Seconds from the opening of the page to the verdict; None where nobody knows
    dwell_s: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """How one person reviewed, or all together (an empty name)."""

    person: str
    decided: int
    #: Seconds, and of how many verdicts
    dwell_s: float | None
    timed: int
    #: Of the timed approvals those within two seconds
    quick: Share
    #: Of the verdicts on work those against what was proposed
    overridden: Share
    #: Of the canaries met those rejected
    caught: Share
    #: Of the doubles those on which the people agreed
    agreed: Share
    #: The most verdicts in eight hours
    most_in_shift: int


def read(
    connection: Connection,
    vault: Vault,
    *,
    tenant: str,
    since: int,
) -> list[Verdict]:
    """Return the verdicts of the tenant on what was decided from *since* on.

    Two statements, however many there are. Of an erased run only canaries are known.
    """
    rows = connection.execute(_verdicts(tenant, since)).mappings()
    verdicts = [_given(vault, row) for row in rows]
    seen = {verdict.approval for verdict in verdicts}
    names = {attention.mark(vault, one.person): one.person for one in verdicts}
    met = attention.since(
        connection,
        tenant=tenant,
        moment=since,
    )
    gone = [meeting for meeting in met if meeting.approval not in seen]
    return verdicts + [_met(meeting, names.get(meeting.person, "")) for meeting in gone]


def _verdicts(tenant: str, since: int) -> Select[tuple[object, ...]]:
    """Return the query of the steps of what was decided since, with what opens each."""
    return (
        select(
            tables.approval_step,
            *_OPENING,
            tables.data_key.c.wrapped,
        )
        .join(tables.approval, _APPROVALS.id == _STEPS.approval)
        .join(tables.data_key, tables.data_key.c.id == _APPROVALS.run_id)
        .where(
            _APPROVALS.tenant == tenant,
            _APPROVALS.decided >= since,
            _STEPS.kind.in_(("approved", "rejected")),
        )
        .order_by(_STEPS.approval, _STEPS.number)
    )


def _given(vault: Vault, row: RowMapping) -> Verdict:
    """Return the verdict that a row holds."""
    key = vault.unwrapped(row["run_id"], row["wrapped"])
    step = approval_step.opened(key, {**row, "id": row["approval"]}, row)
    return Verdict(
        approval=row["approval"],
        person=identity(step.person),
        is_yes=step.verdict == "approved",
        is_canary=row["canary"] == 1,
        at=step.at,
        dwell_s=max(step.at - step.opened, 0) if step.opened else None,
    )


def _met(meeting: Meeting, person: str) -> Verdict:
    """Return the verdict on a canary whose run was erased; its person is known by others alone."""
    return Verdict(
        approval=meeting.approval,
        person=person,
        is_yes=not meeting.caught,
        is_canary=True,
        at=meeting.at,
        dwell_s=None,
    )


def of_each(verdicts: Iterable[Verdict]) -> list[Figures]:
    """Return the figures of each person, by name: an order that says nothing about them.

    Nobody is named who gave no other verdict than one on a canary that was erased.
    """
    given = list(verdicts)
    doubles = _doubles(given)
    by_person: defaultdict[str, list[Verdict]] = defaultdict(list)
    for verdict in given:
        by_person[verdict.person].append(verdict)
    by_person.pop("", None)
    return [_figures(person, own, doubles) for person, own in sorted(by_person.items())]


def of_all(verdicts: Iterable[Verdict]) -> Figures:
    """Return the figures of all people together."""
    given = list(verdicts)
    return _figures("", given, _doubles(given))


def _figures(
    person: str,
    own: Sequence[Verdict],
    doubles: Mapping[str, bool],
) -> Figures:
    work = [verdict for verdict in own if not verdict.is_canary]
    canaries = [verdict for verdict in own if verdict.is_canary]
    dwells = [verdict.dwell_s for verdict in own if verdict.dwell_s is not None]
    shared = {verdict.approval for verdict in own} & set(doubles)
    shifts = Counter(verdict.at // SHIFT_S for verdict in own)
    return Figures(
        person=person,
        decided=len(work),
        dwell_s=median(dwells) if dwells else None,
        timed=len(dwells),
        quick=_quick(own),
        overridden=_rejected(work),
        caught=_rejected(canaries),
        agreed=Share(
            part=sum(doubles[name] for name in shared),
            whole=len(shared),
        ),
        most_in_shift=max(shifts.values(), default=0),
    )


def _rejected(verdicts: Sequence[Verdict]) -> Share:
    return Share(
        part=sum(not verdict.is_yes for verdict in verdicts),
        whole=len(verdicts),
    )


def _quick(verdicts: Sequence[Verdict]) -> Share:
    timed = [
        verdict.dwell_s
        for verdict in verdicts
        if verdict.is_yes and verdict.dwell_s is not None
    ]
    return Share(
        part=sum(seconds <= QUICK_S for seconds in timed),
        whole=len(timed),
    )


def _doubles(verdicts: Iterable[Verdict]) -> dict[str, bool]:
    """Return whether its people agreed, by each approval that several people decided."""
    by_approval: defaultdict[str, list[bool]] = defaultdict(list)
    for verdict in verdicts:
        by_approval[verdict.approval].append(verdict.is_yes)
    return {
        name: len(set(given)) == 1
        for name, given in by_approval.items()
        if len(given) > 1
    }
