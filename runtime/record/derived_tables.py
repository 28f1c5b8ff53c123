"""The tables that are derived again from the ledger."""

from typing import Final

from sqlalchemy import Table

from interlock.runtime.record.store import tables

#: Working tables; the others hold the ledger itself, or what it does not speak of
DERIVED: Final[tuple[Table, ...]] = (
    tables.run,
    tables.action,
    tables.approval,
    tables.approval_step,
    tables.attention,
    tables.budget,
    tables.reservation,
    tables.job,
    tables.job_item,
    tables.account,
    tables.api_key,
    tables.webhook,
    tables.delivery,
    tables.document,
    tables.kill_switch,
    tables.record,
    tables.data_key,
)
