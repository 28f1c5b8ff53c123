"""Evidence and verdicts that somebody changed in the database permit nothing."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from tests.runtime.run.approval.filing import DONE, Desk

from interlock.runtime.canonical import canonical
from interlock.runtime.errors import NotAsRecorded, Tampered
from interlock.runtime.testing import REVIEWER


@pytest.mark.parametrize(
    "column", ["evidence", "evidence_digest", "digest", "requester"]
)
async def test_tampered_evidence_cannot_be_read_or_decided(
    desk: Desk, column: str
) -> None:
    """Evidence that is not what was put before the reviewer is refused, whoever asks."""
    approval = (await desk.waiting(await desk.start())).approval_id
    shown = (await desk.world.approvals.read(approval)).evidence_digest
    with (
        closing(
            sqlite3.connect(str(desk.world.store.engine.url.database))
        ) as connection,
        connection,
    ):
        value = connection.execute(f"SELECT {column} FROM approval").fetchone()[0]  # noqa: S608 - names from the tables above
        changed = value[:-1] + (
            bytes([value[-1] ^ 1]) if isinstance(value, bytes) else "x"
        )
        connection.execute(f"UPDATE approval SET {column} = ?", (changed,))  # noqa: S608 - names from the tables above

    with pytest.raises(Tampered):
        await desk.world.approvals.read(approval)
    with pytest.raises(Tampered):
        await desk.world.approvals.decide(
            approval,
            reviewer=REVIEWER,
            verdict="approved",
            shown=shown,
            note="looks right",
        )


async def test_evidence_of_another_approval_does_not_open(desk: Desk) -> None:
    """Evidence moved from one approval to another is refused: the reviewer would see the wrong
    request.
    """
    run = await desk.start()
    await desk.waiting(run, call="1", note="harmless")
    approval = (await desk.waiting(run, call="2", note="harmful")).approval_id
    with (
        closing(
            sqlite3.connect(str(desk.world.store.engine.url.database))
        ) as connection,
        connection,
    ):
        row = connection.execute(
            "SELECT evidence, evidence_digest FROM approval WHERE id != ?", (approval,)
        ).fetchone()
        connection.execute(
            "UPDATE approval SET evidence = ?, evidence_digest = ? WHERE id = ?",
            (*row, approval),
        )

    with pytest.raises(Tampered):
        await desk.world.approvals.read(approval)


async def test_a_forged_verdict_permits_nothing(desk: Desk) -> None:
    """Whoever has the run's key and writes a verdict into its row permits nothing: no approval
    was recorded.
    """
    run = await desk.start()
    approval = (await desk.waiting(run)).approval_id
    key = desk.world.vault.known(run.id)
    with (
        closing(
            sqlite3.connect(str(desk.world.store.engine.url.database))
        ) as connection,
        connection,
    ):
        connection.execute("UPDATE approval SET state = 'approved'")
        (bound,) = connection.execute(
            "SELECT run_id, action_id, digest, revision, expires FROM approval"
        ).fetchall()
        run_id, action_id, *rest = bound
        step: list[Any] = [approval, 0, "approved", "reviewer", "reviewer", 1, 0]
        content: dict[str, Any] = {
            "person": "rita",
            "roles": ["reviewer"],
            **dict.fromkeys(("text", "to", "shown"), ""),
            "opened": 0,
            "proposal": None,
        }
        place = canonical(["approval_step", *step, action_id, *rest]).decode()
        connection.execute(
            "INSERT INTO approval_step (approval, number, kind, seat, role, at, until, tenant,"
            " run_id, action_id, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                *step,
                run.tenant,
                run_id,
                action_id,
                key.seal(canonical(content), place=place),
            ],
        )
    with pytest.raises(NotAsRecorded) as refusal:
        await desk.propose(run)

    assert refusal.value.code == "approval_spent"


@pytest.mark.parametrize(
    "change",
    [
        "state = 'approved'",
        "state = 'used'",
        "expires = expires + 1",
        "revision = 'x'",
    ],
)
async def test_a_verdict_turned_around_without_the_keys_is_refused(
    desk: Desk, change: str
) -> None:
    """A "no" cannot be made a "yes", another request's or a later one's by whoever only has the
    database.
    """
    run = await desk.start()
    approval = (await desk.waiting(run)).approval_id
    await desk.decide(approval, verdict="rejected")
    with (
        closing(
            sqlite3.connect(str(desk.world.store.engine.url.database))
        ) as connection,
        connection,
    ):
        connection.execute(f"UPDATE approval SET {change}")  # noqa: S608 - from the list above

    with pytest.raises(Tampered):
        await desk.propose(run)
    assert DONE == []
