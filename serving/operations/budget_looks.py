"""Looks at budgets and at the policy in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from interlock.runtime.policy.request import Principal
from interlock.runtime.record.entry_values import body_of
from interlock.runtime.record.events import HOME, PolicyActivated
from interlock.runtime.record.store import tables
from interlock.runtime.run import level, subject
from interlock.serving.home import Home
from interlock.serving.operations import looks


@dataclass(frozen=True, kw_only=True, slots=True)
class InForce:
    """The policy in force: what it may say, and who may do what."""

    revision: str
    #: The text of each code, by rule
    rules: Mapping[str, Mapping[str, str]]
    #: The tools and acts that each role is granted
    grants: Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Activation:
    """One change of the policy in force."""

    revision: str
    previous: str
    at: int  # Unix seconds


async def budget(home: Home, budget_id: str, *, person: Principal) -> level.Budget:
    """Return the budget of a run, a job or the person's own tenant; raises `NotFound`."""
    await looks.ask(
        home,
        "budget.read",
        person=person,
        look=subject.budget(budget_id),
        arguments={"budget": budget_id},
    )
    return await now(home, budget_id)


async def now(home: Home, budget_id: str) -> level.Budget:
    """Return the budget for whoever has just changed it; nobody is asked."""
    return await home.store.read(partial(level.named_so, budget_id=budget_id))


async def budgets(
    home: Home, *, person: Principal, after: str | None, limit: int
) -> Sequence[level.Budget]:
    """Return the budgets of the person's tenant by id, after the one named *after*."""
    await looks.ask(home, "budget.read", person=person)

    def look(connection: Connection) -> Sequence[level.Budget]:
        columns = tables.budget.c
        query = select(columns.id).where(
            columns.tenant == person.tenant, columns.id > (after or "")
        )
        ids = connection.execute(query.order_by(columns.id).limit(limit)).scalars()
        return [level.read(connection, budget_id) for budget_id in list(ids)]

    return await home.store.read(look)


async def policy(home: Home, *, person: Principal) -> InForce:
    """Return the policy in force; without one that can be used there are no rules."""
    await _ask_policy(home, person)
    bundle = await home.runtime.policy.bundle()
    config: Mapping[str, Any] = {}
    if bundle is not None:
        config = bundle.data["rails"].get("config", {})
    return InForce(
        revision=await home.runtime.policy.revision(),
        rules={} if bundle is None else bundle.messages,
        grants=config.get("grants", {}),
    )


async def activations(home: Home, *, person: Principal) -> Sequence[Activation]:
    """Return every change of the policy in force, the newest first."""
    await _ask_policy(home, person)

    def look(connection: Connection) -> Sequence[Activation]:
        entries = tables.ledger_entry.c
        query = (
            select(entries.body)
            .where(
                entries.log == HOME,
                entries.run_id == "",
                entries.event == PolicyActivated.event,
            )
            .order_by(entries.seq.desc())
        )
        bodies = [body_of(body) for body in connection.execute(query).scalars()]
        return [
            Activation(
                revision=body["revision"], previous=body["previous"], at=body["at"]
            )
            for body in bodies
            if "revision" in body
        ]

    return await home.runtime.installation.read(look)


async def _ask_policy(home: Home, person: Principal) -> None:
    await looks.ask(
        home,
        "policy.read",
        person=person,
        look=subject.installation("policy", ""),
    )
