"""The command `interlock bench api|approvals|canary|gate|gateway|fleet|home|ledger|queue`."""

from contextlib import nullcontext
from typing import Annotated, Literal, TypeAlias

import typer
from rich.table import Table

from interlock.evals.gateway.command import gateway_calls
from interlock.evals.growth.command import home_lists, ledger_entries
from interlock.evals.rollouts.command import canary
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, err, out

application = typer.Typer(
    help="Measure on this machine.",
    no_args_is_help=True,
    add_completion=False,
)
Database: TypeAlias = Literal["sqlite", "postgres"]
_STEPS = ("stock_step", "pure_step", "effect_step")


application.command("canary")(canary)
application.command("gateway")(gateway_calls)
application.command("home")(home_lists)
application.command("ledger")(ledger_entries)


@application.callback()
def bench() -> None:
    """Measure on this machine."""


@application.command()
def gate(
    rounds: Annotated[
        int, typer.Option(min=1, help="Interleaved rounds of all variants.")
    ] = 9,
    decisions: Annotated[int, typer.Option(min=100, help="Decisions timed.")] = 2_000,
    fsync_ms: Annotated[
        int,
        typer.Option(
            "--fsync-ms", min=0, help="Make every fsync this much slower (strace)."
        ),
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Measure what a governed step costs against a LangGraph step on the stock saver."""
    from interlock.evals.bench.gate import gate as measure

    with nullcontext() if as_json else err.status("measuring", spinner="dots"):
        figures = measure(rounds=rounds, decisions=decisions, fsync_ms=fsync_ms)
    if as_json:
        session.print_json(figures)
        return
    table = Table("Step", "p50 µs", "Ratio to stock", "CPU µs", "CPU ratio", "fsyncs")
    for name in _STEPS:
        row = figures[name]
        table.add_row(
            name,
            f"{row['p50_us']:,}",
            str(row.get("ratio", 1)),
            f"{row['cpu_us']:,}",
            str(row.get("cpu_ratio", 1)),
            str(row["fsyncs"]),
        )
    out.print(table)
    decide = figures["decide_us"]
    fsync = figures["fsync"]
    out.print(
        f"decide: p50 {decide['p50']} µs, p99 {decide['p99']} µs (embedded engine)"
    )
    added = fsync["added_ms"]
    out.print(
        f"an fsync takes {fsync['p50_us']} µs here; {added} ms were added to each"
    )


@application.command()
def fleet(
    runs: Annotated[int, typer.Option(min=2, help="Runs at once.")] = 64,
    steps: Annotated[int, typer.Option(min=1, max=150, help="Steps of a run.")] = 20,
    rounds: Annotated[int, typer.Option(min=1, help="Interleaved rounds.")] = 3,
    database: Annotated[
        Database,
        typer.Option("--db", help="PostgreSQL is a server of its own (dev extra)."),
    ] = "sqlite",
    as_json: AsJson = False,
) -> None:
    """Measure many runs at once in one worker against the same graphs on stock savers."""
    from interlock.evals.bench.fleet import fleet as measure

    with nullcontext() if as_json else err.status("measuring", spinner="dots"):
        figures = measure(runs=runs, steps=steps, rounds=rounds, database=database)
    if as_json:
        session.print_json(figures)
        return
    for name, row in (("effect", figures), ("pure", figures["pure"])):
        out.print(
            f"{name}: {row['steps_per_s']:,} steps/s, {row['ratio']} x stock; "
            f"p99 of a step {row['step_ms']['p99']} ms"
        )


@application.command()
def api(
    clients: Annotated[int, typer.Option(min=1, help="Clients at once.")] = 64,
    requests: Annotated[int, typer.Option(min=100, help="Requests a round.")] = 2_000,
    rounds: Annotated[int, typer.Option(min=1, help="Interleaved rounds.")] = 5,
    listeners: Annotated[int, typer.Option(min=0, help="Event streams.")] = 200,
    as_json: AsJson = False,
) -> None:
    """Measure POST /v1/runs against the same server governing nothing."""
    from interlock.evals.bench.api import api as measure

    with nullcontext() if as_json else err.status("measuring", spinner="dots"):
        figures = measure(
            clients=clients, requests=requests, rounds=rounds, listeners=listeners
        )
    if as_json:
        session.print_json(figures)
        return
    governed = figures["governed"]
    out.print(
        f"{governed['per_s']:,} runs/s, {figures['ratio']} x ungoverned; "
        f"p99 {governed['p99_ms']} ms, {governed['cpu_ms']} ms of processor time each"
    )


@application.command()
def approvals(
    waiting: Annotated[int, typer.Option(min=50, help="Approvals waiting.")] = 10_000,
    looks: Annotated[int, typer.Option(min=2, help="Looks at each page.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Measure the list of the reviewer queue and an approval's page while many wait."""
    from interlock.evals.bench.approvals import approvals as measure

    with nullcontext() if as_json else err.status("measuring", spinner="dots"):
        figures = measure(waiting=waiting, looks=looks)
    if as_json:
        session.print_json(figures)
        return
    for name in ("list", "filtered", "page"):
        row = figures[name]
        out.print(
            f"{name}: p50 {row['p50_ms']} ms, p99 {row['p99_ms']} ms, "
            f"{row['cpu_ms']} ms of processor time ({figures['waiting']:,} waiting)"
        )


@application.command("queue")
def queue_claims(
    queued: Annotated[int, typer.Option(min=0, help="Runs that wait behind.")] = 10_000,
    claims: Annotated[int, typer.Option(min=2, help="Claims timed.")] = 200,
    database: Annotated[
        str | None, typer.Option(help="URL of an empty database; default: SQLite.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure what a worker's claim costs while many runs are queued."""
    from interlock.evals.bench.queue import queue as measure

    figures = measure(queued=queued, claims=claims, database=database)
    if as_json:
        session.print_json(figures)
        return
    claim = figures["claim_ms"]
    out.print(
        f"claim: p50 {claim['p50']} ms, p99 {claim['p99']} ms ({figures['database']}, "
        f"{figures['queued']:,} queued)"
    )
