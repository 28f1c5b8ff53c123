"""The command `interlock budget show|raise|set`."""

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from interlock.runtime.errors import BadInput
from interlock.serving.cli import session
from interlock.serving.cli.session import As, AsJson, out
from interlock.serving.cli.show import grid, whole

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from interlock.runtime.policy.request import Principal
    from interlock.runtime.run.level import Budget
    from interlock.runtime.storage import Storage
    from interlock.serving.home import Home

application = typer.Typer(
    help="What runs, jobs and tenants may spend, and have spent.",
    no_args_is_help=True,
    add_completion=False,
)
#: Fifteen digits: less than what stands for no limit
_NUMBER: Final = re.compile(r"[0-9]{1,15}")
_WHOSE: Final = "A run's or a job's id, or its beginning; or tenant:NAME."
_KINDS: Final = (
    "What of: money_micro, tokens, steps, effects, wall_ms, gpu_ms or reviewer_ms."
)
Whose: TypeAlias = Annotated[str, typer.Argument(metavar="BUDGET", help=_WHOSE)]
Kind: TypeAlias = Annotated[str, typer.Argument(help=_KINDS)]


@application.command()
def show(
    name: Annotated[
        str | None,
        typer.Argument(metavar="BUDGET", help=f"Only this one. {_WHOSE}"),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="At most so many, those of the newest runs.")
    ] = 100,
    as_json: AsJson = False,
) -> None:
    """Show limits, spend and reservations: of the newest runs, or of one run, job or tenant."""

    async def work(storage: "Storage") -> list[dict[str, Any]]:
        from interlock.runtime.run import level
        from interlock.serving.names import budget_named

        if name is None:
            ids = [run.budget_id for run in await storage.runs.list(limit=limit + 1)]
        else:
            ids = [await budget_named(storage.store, name)]
        budgets = await storage.store.read(
            lambda connection: [
                level.named_so(connection, budget_id) for budget_id in ids
            ]
        )
        return [_shown(budget) for budget in budgets]

    budgets = session.cut(session.read(work), limit)
    if as_json:
        session.print_json(budgets)
        return
    if not budgets:
        session.say("No budgets yet.")
        return
    _print(budgets)


def _shown(budget: "Budget") -> dict[str, Any]:
    """Return the budget; the limit of a kind that is not limited is None."""
    shown = asdict(budget)
    shown["facts"]["limits"] = {
        kind: budget.limits.get(kind) for kind in shown["facts"]["limits"]
    }
    return shown


def _print(budgets: list[dict[str, Any]]) -> None:
    table = grid(
        whole("Budget"),
        whole("Kind"),
        whole("Limit"),
        whole("Soft limit"),
        whole("Spent"),
        whole("Reserved"),
    )
    for budget in budgets:
        for row in _rows(budget):
            table.add_row(*row)
    out.print(table)


def _rows(budget: dict[str, Any]) -> list[list[str]]:
    facts = budget["facts"]
    kinds = list(facts["limits"])
    return [
        [
            budget["id"] if kind == kinds[0] else "",
            kind,
            _amount(facts["limits"][kind]),
            _amount(budget["soft"].get(kind))
            + (" (passed)" if kind in facts["passed"] else ""),
            _amount(facts["spent"][kind]),
            _amount(facts["reserved"][kind]),
        ]
        for kind in kinds
    ]


def _amount(amount: int | None) -> str:
    return "none" if amount is None else f"{amount:,}"


@application.command("raise")
def raise_limit(
    name: Whose,
    kind: Kind,
    amount: Annotated[
        int,
        typer.Argument(help="How much more.", min=1),
    ],
    *,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Give more, for instance to a run that is held because a step did not fit."""

    async def change(home: "Home", budget_id: str, who: "Principal") -> None:
        from interlock.serving.operations import budgets as operations

        await operations.raise_limit(
            home,
            budget_id,
            person=who,
            kind=kind,
            amount=amount,
        )

    budget_id = _changed(name, person, change)
    if as_json:
        session.print_json({"budget": budget_id, "kind": kind, "amount": amount})
        return
    session.say(f"Raised {kind} of {budget_id} by {amount:,}.")


@application.command("set")
def set_limit(
    name: Whose,
    kind: Kind,
    limit: Annotated[
        str,
        typer.Argument(metavar="LIMIT", help='A whole number, or "none" for no limit.'),
    ],
    *,
    soft: Annotated[
        bool,
        typer.Option(
            "--soft", help="A limit that stops nothing and is told when passed."
        ),
    ] = False,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Set one limit, or take it away; a tenant has no limits until one is set."""
    amount = _limit(limit)

    async def change(home: "Home", budget_id: str, who: "Principal") -> None:
        from interlock.serving.operations import budgets as operations

        await operations.set_limit(
            home,
            budget_id,
            person=who,
            kind=kind,
            amount=amount,
            soft=soft,
        )

    budget_id = _changed(name, person, change)
    if as_json:
        changed = {"budget": budget_id, "kind": kind, "limit": amount, "soft": soft}
        session.print_json(changed)
        return
    session.say(f"Set {kind} of {budget_id} to {_amount(amount)}.")


def _changed(
    name: str,
    person: str | None,
    change: "Callable[[Home, str, Principal], Awaitable[None]]",
) -> str:
    """Let *person* make the change of the budget of that name; return the budget's id."""
    settings = session.configured()
    who = session.acting(settings, person)

    async def work(home: "Home") -> str:
        from interlock.serving.names import budget_named

        budget_id = await budget_named(home.store, name)
        await change(home, budget_id, who)
        return budget_id

    return session.run(work, using=settings)


def _limit(text: str) -> int | None:
    if text == "none":
        return None
    if not _NUMBER.fullmatch(text):
        raise BadInput(
            what=f"limit {text!r}",
            why="it is no whole number of at most 15 digits",
            next_step='Write a whole number such as 5000, or "none".',
        )
    return int(text)
