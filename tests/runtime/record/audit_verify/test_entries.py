"""Logs that are correctly signed: what may follow what, and what cannot have happened."""

from typing import Any

import pytest
from tests.runtime.record.audit_verify.logs import (
    APPROVED,
    DONE,
    INTENT,
    KEY,
    KILL,
    RECORDS,
    STEP,
    VERDICT,
    told,
    verified,
)

from interlock.runtime.record.audit_verify import verify
from interlock.runtime.record.tlog import public_bytes

#: Logs that say nothing wrong
UNKNOWN = DONE | {"state": "unknown"}
SETTLED = DONE | {"reviewer": "1", "requester": "2"}
LATE = DONE | {"event": "late_outcome"}
SOUND: dict[str, tuple[dict[str, Any], ...]] = {
    "nothing": (),
    "an effect": (INTENT, DONE),
    "a step": (STEP,),
    "an unknown effect": (INTENT, UNKNOWN),
    "an unknown effect that was settled": (INTENT, UNKNOWN, SETTLED),
    "an unknown effect that was reported late": (INTENT, UNKNOWN, LATE),
    "a report that contradicts a person": (
        INTENT,
        UNKNOWN,
        SETTLED | {"state": "failed"},
        LATE,
    ),
    "an approved effect": (VERDICT, APPROVED, DONE),
    "an effect begun again": (
        INTENT | {"idempotent": True},
        INTENT | {"idempotent": True},
        DONE,
    ),
    "an approved effect begun again": (
        VERDICT,
        APPROVED | {"idempotent": True},
        APPROVED | {"idempotent": True},
        DONE,
    ),
    "an effect after the switch": (KILL, KILL | {"engaged": False}, INTENT, DONE),
    "an effect beside the switch": (
        KILL | {"scope": "tool", "id": "other"},
        KILL | {"scope": "run", "id": "s"},
        INTENT,
        DONE,
    ),
    "a rejection": (VERDICT | {"state": "rejected"},),
    "two verdicts and their use": (
        VERDICT | {"state": "waiting"},
        VERDICT | {"reviewer": "3"},
        APPROVED,
        DONE,
    ),
}
#: Logs that are correctly signed and say something impossible -> what, and at which entry
FORGED: dict[str, tuple[tuple[dict[str, Any], ...], tuple[str, int]]] = {
    "effect without intent": ((DONE,), ("effect_without_intent", 0)),
    "effect of another action": (
        (INTENT, DONE | {"action": "b"}),
        ("effect_without_intent", 1),
    ),
    "intent without permit": (
        (INTENT | {"effect": "deny"},),
        ("effect_without_permit", 0),
    ),
    "step without permit": ((STEP | {"effect": "deny"},), ("effect_without_permit", 0)),
    "chain of another run": ((INTENT, DONE | {"prev": "0" * 64}), ("chain_broken", 1)),
    "chain begun anew": ((INTENT, DONE | {"prev": ""}), ("chain_broken", 1)),
    "another place": ((INTENT, DONE | {"seq": 7}), ("moved_entry", 1)),
    "effect twice": ((INTENT, DONE, DONE), ("effect_twice", 2)),
    "step twice": ((STEP, STEP), ("effect_twice", 1)),
    "intent twice": ((INTENT, INTENT), ("effect_twice", 1)),
    "intent after the effect": (
        (INTENT | {"idempotent": True}, DONE, INTENT | {"idempotent": True}),
        ("effect_twice", 2),
    ),
    "approval never given": ((APPROVED,), ("approval_not_bound", 0)),
    "approval rejected": (
        (VERDICT | {"state": "rejected"}, APPROVED),
        ("approval_not_bound", 1),
    ),
    "approval of another request": (
        (VERDICT | {"bind": "y"}, APPROVED),
        ("approval_not_bound", 1),
    ),
    "approval under another policy": (
        (VERDICT | {"revision": "y"}, APPROVED),
        ("approval_not_bound", 1),
    ),
    "approval used while it waits": (
        (VERDICT | {"state": "waiting"}, APPROVED),
        ("approval_not_bound", 1),
    ),
    "one person twice": ((VERDICT, VERDICT), ("counted_twice", 1)),
    "self approval of one among several": (
        (VERDICT | {"state": "waiting", "reviewer": "2"},),
        ("self_approval", 0),
    ),
    "approval given afterwards": ((APPROVED, VERDICT), ("approval_not_bound", 0)),
    "approval used twice": (
        (VERDICT, APPROVED, APPROVED | {"action": "b"}),
        ("approval_used_twice", 2),
    ),
    "settled by its requester": (
        (INTENT, UNKNOWN, SETTLED | {"reviewer": "2"}),
        ("self_settlement", 2),
    ),
    "settled after it failed": (
        (INTENT, DONE | {"state": "failed"}, SETTLED),
        ("effect_twice", 2),
    ),
    "settled without an intent": ((SETTLED,), ("effect_without_intent", 0)),
    "reported late without an intent": ((LATE,), ("effect_without_intent", 0)),
    "done again after it was settled": (
        (INTENT | {"idempotent": True}, UNKNOWN, SETTLED, INTENT),
        ("effect_twice", 3),
    ),
    "self approval": ((VERDICT | {"reviewer": "2"},), ("self_approval", 0)),
    "effect while all is killed": ((KILL, INTENT), ("effect_while_killed", 1)),
    "effect while all is killed by another id": (
        (KILL | {"id": "x"}, INTENT),
        ("effect_while_killed", 1),
    ),
    "effect while the tool is killed": (
        (KILL | {"scope": "tool", "id": "mail.send"}, INTENT),
        ("effect_while_killed", 1),
    ),
    "effect while the run is killed": (
        (KILL | {"scope": "run", "id": "r"}, INTENT),
        ("effect_while_killed", 1),
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_log_is_valid(name: str) -> None:
    """A log of ordinary events verifies: the rules below refuse nothing that may happen."""
    assert told(verified(*SOUND[name])) == []


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_log_is_refused(name: str) -> None:
    """Entries that our own key signed are still refused when together they say what must
    never be.
    """
    bodies, problem = FORGED[name]

    assert told(verified(*bodies)) == [problem]


@pytest.mark.parametrize("kind", ["head", "checkpoint", "entry"])
def test_no_kind_of_record_can_be_left_out(kind: str) -> None:
    """A log without its head, its checkpoints or its entries is not valid."""
    assert not verify(
        [each for each in RECORDS if each["kind"] != kind], key=public_bytes(KEY)
    ).valid
