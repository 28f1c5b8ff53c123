"""The command `interlock bench gate`."""

from typing import Annotated

import typer
from rich.table import Table

from interlock.evals.bench.gate import gate as measured
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, err, out

application = typer.Typer(help="Measure on this machine.", no_args_is_help=True)


@application.callback()
def group() -> None:
    """Measure on this machine."""


@application.command()
def gate(
    rounds: Annotated[int, typer.Option(min=1, help="Interleaved rounds of all variants.")] = 9,
    decisions: Annotated[int, typer.Option(min=100, help="Decisions timed.")] = 2_000,
    fsync_ms: Annotated[
        int, typer.Option("--fsync-ms", min=0, help="Make every fsync this much slower (strace).")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Measure what a governed step costs against a bare LangGraph step with the stock SqliteSaver (FULL, sync)."""
    with err.status("measuring", spinner="dots") if not as_json else err.status(""):
        found = measured(rounds=rounds, decisions=decisions, fsync_ms=fsync_ms)
    if as_json:
        session.print_json(found)
        return
    table = Table("Step", "p50 µs", "Ratio to stock", "fsyncs")
    for name in ("stock_step", "pure_step", "effect_step"):
        row = found[name]
        table.add_row(name, f"{row['p50_us']:,}", str(row.get("ratio", 1)), str(row["fsyncs"]))
    out.print(table)
    out.print(
        f"decide: p50 {found['decide_us']['p50']} µs, p99 {found['decide_us']['p99']} µs (embedded engine)"
    )
    out.print(
        f"an fsync here takes {found['fsync']['p50_us']} µs, made {found['fsync']['added_ms']} ms slower for this run"
    )
