"""How the guards of the door, of its limits and of people are taken away."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, select

from interlock.evals.guarantees.patch import (
    Break,
    Patch,
    both,
    never,
    no,
    nothing,
    replacing,
    yes,
)
from interlock.evals.guarantees.rules import without_duties, without_rule
from interlock.runtime import runtime
from interlock.runtime.door import conclusion, enforcement, proposal, shadow, told
from interlock.runtime.door.acts import Acts
from interlock.runtime.door.door import Door
from interlock.runtime.door.enforcement import EnforcementPoint
from interlock.runtime.door.labels import Proofs
from interlock.runtime.door.outcome import Outcome
from interlock.runtime.door.policy_in_force import PolicyInForce
from interlock.runtime.door.tool import Tool
from interlock.runtime.policy.decision import Permit, Reason
from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.label import TRUSTED
from interlock.runtime.policy.obligation import Duties
from interlock.runtime.policy.request import Amounts, ApprovalFact
from interlock.runtime.record import watch
from interlock.runtime.record.store import tables
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run import (
    action,
    approval,
    approval_facts,
    budget,
    denial,
    level,
    unread,
    verdict,
)
from interlock.runtime.run.attempt import Attempt
from interlock.runtime.run.question import Approval
from interlock.runtime.run.quorum import Seat
from interlock.runtime.run.run import Run
from interlock.serving.operations import kill_switches, policies
from interlock.tools.models import generate

_PAIRED: Final = level.combined
_NO_DUTIES: Final = Duties()


async def _act(
    self: Tool[Any, Any],
    permit: Any,
    arguments: Any,
) -> Any:
    return await self.act(permit, arguments)


async def _act_unrecorded(
    self: Any,
    attempt: Any,
    asked: Any,
) -> Any:
    ended = await self._act(attempt, asked)  # the act before its record
    await self._store.write(
        lambda tx: action.start(tx, attempt, approval_id=attempt.verdict),
        logs=(attempt.run.tenant,),
    )
    return self._conclude(attempt, ended)


async def _begin(self: Acts, act: str, work: Any, **_: Any) -> Any:
    return await work()


def _any_agent(patch: Patch) -> None:
    enforce = EnforcementPoint.enforce

    async def lax(self: EnforcementPoint, run: Run, **options: Any) -> Outcome:
        self.by_agent[run.agent] = self.tools
        return await enforce(self, run, **options)

    patch.put(
        EnforcementPoint,
        "enforce",
        lax,
    )


def _anything_fits(patch: Patch) -> None:
    def propose(run: Any, tool: Any, *, arguments: Any, **options: Any) -> Any:
        texts = {
            name: str(value) for name, value in arguments.items() if name == "text"
        }
        return proposal.propose(run, tool, arguments=texts, **options)

    patch.put(
        enforcement,
        "propose",
        propose,
    )


def _granted(_: str, **__: Any) -> Reason:
    return Reason(
        code="granted",
        rule="runtime",
    )


def _unclamped(
    function: Callable[[int, int], int],
    one: Amounts,
    other: Amounts,
) -> Amounts:
    """Keep to what a tool says where it would be brought within its limits."""
    return (
        one
        if function in {min, max}
        else _PAIRED(
            function,
            one,
            other,
        )
    )


def _any_verdict(
    connection: Connection, key: DataKey, *, run_id: str, **_: Any
) -> tuple[ApprovalFact, ...]:
    """Return every verdict of the run, on whatever it was given."""
    columns = tables.approval.c
    query = select(tables.approval).where(
        columns.run_id == run_id, columns.state == "approved"
    )
    rows = connection.execute(query).mappings().all()
    facts: list[ApprovalFact] = []
    for row in rows:
        facts += approval_facts._facts(connection, key, row, is_open=False)  # noqa: SLF001 - as above
    return tuple(facts)


def _any_seat(approval: Approval, *_: Any, **__: Any) -> Seat:
    """Let anybody fill the first seat."""
    return approval.quorum[0]


async def _configured(self: PolicyInForce) -> DecisionPoint:
    return self.configured


def _own_word(claimed: Amounts, **_: Any) -> Amounts:
    return claimed


def _told(told: Mapping[str, Any], name: str, **_: Any) -> Any:
    return told.get(name)


def _all_trusted(self: Proofs, arguments: Mapping[str, Any], **_: Any) -> Any:
    return dict.fromkeys(arguments, TRUSTED)


#: Whatever the rows say
UNWATCHED: Final = replacing(
    watch.Watch,
    "confirm",
    nothing,
)

#: Whoever says whatever about whatever
_UNJUDGED: Final = both(
    replacing(
        verdict,
        "_object",
        nothing,
    ),
    replacing(
        verdict,
        "seat_of",
        _any_seat,
    ),
)

DOOR: Final[dict[str, Break]] = {
    "unknown-tool": replacing(
        enforcement,
        "by_runtime",
        _granted,
    ),
    "foreign-tool": _any_agent,
    "unfit-arguments": _anything_fits,
    "drifted-schema": replacing(
        told,
        "schema_digest",
        lambda _: "0" * 64,
    ),
    "unknown-duty": replacing(
        shadow,
        "understand",
        lambda _: _NO_DUTIES,
    ),
    "forged-permit": replacing(
        Permit,
        "__init__",
        nothing,
    ),
    "missing-permit": replacing(
        Tool,
        "__call__",
        _act,
    ),
    "used-permit": replacing(
        Permit,
        "spend",
        nothing,
    ),
    "unrecorded-effect": replacing(
        EnforcementPoint,
        "_effect",
        _act_unrecorded,
    ),
    "repeated-proposal": replacing(
        EnforcementPoint,
        "_recorded",
        never,
    ),
    "interrupted-effect": replacing(
        Tool,
        "repeatable",
        property(yes),
    ),
    "unseen-offer": replacing(
        Door,
        "offering",
        lambda door, *_: door,
    ),
}
LIMITS: Final[dict[str, Break]] = {
    "budget": both(
        replacing(
            budget,
            "reserve",
            nothing,
        ),
        UNWATCHED,
    ),
    "spent-budget": without_rule("budget"),
    "no-time": replacing(
        Attempt,
        "reserved",
        property(lambda step: step.request.context.cost),
    ),
    "costly-refusal": replacing(
        denial,
        "counted",
        lambda *_: {},
    ),
    "endless-refusals": without_rule("refusals"),
    "unpaid-question": replacing(
        Attempt,
        "kept_ready",
        Amounts(),
    ),
    "flood-of-questions": replacing(
        approval,
        "is_crowded",
        no,
    ),
    "false-usage": both(
        replacing(
            conclusion,
            "_plain",
            _own_word,
        ),
        replacing(
            level,
            "combined",
            _unclamped,
        ),
    ),
    "free-model": replacing(
        generate,
        "counted",
        _told,
    ),
    "silent-engine": replacing(
        action,
        "hold",
        nothing,
    ),
}
APPROVALS: Final[dict[str, Break]] = {
    "unapproved-effect": _UNJUDGED,
    "own-verdict": replacing(
        approval,
        "identity",
        str,
    ),
    "unseen-evidence": _UNJUDGED,
    "second-verdict": _UNJUDGED,
    "moved-verdict": replacing(
        approval_facts,
        "facts",
        _any_verdict,
    ),
    "re-pinned-verdict": both(
        replacing(
            approval,
            "withdraw",
            nothing,
        ),
        UNWATCHED,
    ),
    "unreviewed-write": without_duties,
}
PEOPLE: Final[dict[str, Break]] = {
    "denied-act": replacing(
        Acts,
        "perform",
        _begin,
    ),
    "foreign-tenant": without_rule("tenancy"),
    "own-request": without_rule("own_request"),
    "unentitled-act": without_rule("rails"),
    "agent-as-person": without_rule("actor"),
    "nameless-requester": replacing(
        runtime,
        "is_person",
        yes,
    ),
    "unknown-switch": replacing(
        kill_switches,
        "_is_among",
        yes,
    ),
    "unactivated-policy": replacing(
        PolicyInForce,
        "point",
        _configured,
    ),
    "irreplaceable-policy": replacing(
        policies,
        "keep_replaceable",
        nothing,
    ),
}
VALUES: Final[dict[str, Break]] = {
    "vouched-by-nobody": replacing(
        Proofs,
        "labels",
        _all_trusted,
    ),
    "words-of-a-failure": replacing(
        conclusion,
        "is_wordless",
        yes,
    ),
    "forgotten-label": replacing(
        unread,
        "join_label",
        nothing,
    ),
    "unvouched-destination": without_rule("data_labels"),
    "unlisted-tool": without_rule("egress"),
    "unreviewed-tool": without_rule("reviewed"),
    "tool-not-offered": without_rule("offered"),
}
