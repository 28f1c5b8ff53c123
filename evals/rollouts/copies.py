"""Copies: what the shadows of a home did, by the rows that a shadow must leave no trace in."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, func, select

from interlock.runtime.record.store import tables
from interlock.serving.home import Home

_RUN: Final = tables.run.c
_ACTION: Final = tables.action.c
_IS_SHADOW: Final = _RUN.shadow != ""
#: The states of an action that was begun
_BEGUN: Final = ("started", "done", "failed", "unknown")


@dataclass(frozen=True, kw_only=True, slots=True)
class Copies:
    """How many shadows there were, and what of them touched anything."""

    runs: int
    #: Shadows that came to their end
    ended: int
    #: Calls of tools with an effect that went past the door
    effects: int
    #: Questions that people were asked
    questions: int
    #: Budgets of shadows that something else pays for, too
    paid_by_others: int

    @property
    def is_harmless(self) -> bool:
        """Whether no shadow had an effect, asked anybody, or spent what is another's."""
        return not (self.effects or self.questions or self.paid_by_others)


async def copied(home: Home) -> Copies:
    """Return what became of every shadow of the home."""
    tools = {
        name
        for by_name in home.pep.by_agent.values()
        for name, tool in by_name.items()
        if tool.has_effect
    }
    return await home.store.read(lambda connection: _counted(connection, tools))


def _counted(connection: Connection, tools: Collection[str]) -> Copies:
    shadows = select(_RUN.id).where(_IS_SHADOW)
    budgets = select(_RUN.budget_id).where(_IS_SHADOW)
    ended = shadows.where(_RUN.status.in_(("done", "failed")))
    effects = select(_ACTION.id).where(
        _ACTION.run_id.in_(shadows),
        _ACTION.state.in_(_BEGUN),
        _ACTION.tool.in_(tools),
    )
    questions = select(tables.approval.c.id).where(
        tables.approval.c.run_id.in_(shadows)
    )
    paid = select(tables.budget.c.id).where(
        tables.budget.c.id.in_(budgets), tables.budget.c.parent.is_not(None)
    )

    return Copies(
        runs=_number(connection, shadows),
        ended=_number(connection, ended),
        effects=_number(connection, effects),
        questions=_number(connection, questions),
        paid_by_others=_number(connection, paid),
    )


def _number(connection: Connection, query: Select[Any]) -> int:
    counted = select(func.count()).select_from(query.subquery())
    return int(connection.execute(counted).scalar_one())
