"""The command `interlock audit show`."""

from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, out
from interlock.serving.cli.show import folded, grid, moment, whole

if TYPE_CHECKING:
    from interlock.runtime.storage import Storage

LogName: TypeAlias = Annotated[
    str | None,
    typer.Option("--log", help="Only this log: a tenant, or home; default: every log."),
]


def show(
    run_id: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN",
            help="Only this run: its id or its beginning.",
        ),
    ] = None,
    log: LogName = None,
    shadows: Annotated[
        bool,
        typer.Option(help="Whether to show what copies of runs under a candidate did."),
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Show the entries in order, with what only this home's keys can open."""

    async def work(storage: "Storage") -> list[dict[str, Any]]:
        from interlock.serving.audit import entries
        from interlock.serving.names import run_named

        whole_id = None if run_id is None else await run_named(storage.store, run_id)
        rows = await entries(
            storage,
            whole_id,
            log=log,
        )
        return rows if shadows else [row for row in rows if not row["shadow"]]

    rows = session.read(work)
    if as_json:
        for row in rows:
            session.print_json(row)
        return
    table = grid(
        folded("Log"),
        whole("Seq"),
        whole("Time"),
        whole("Run"),
        folded("Event"),
        folded("Person"),
        whole("Tool"),
        folded("State, codes"),
    )
    for row in rows:
        table.add_row(*_cells(row))
    out.print(table)


def _cells(row: dict[str, Any]) -> list[str]:
    body = row["body"]
    state = str(body.get("state") or body.get("status") or body.get("effect") or "")
    codes = [*body.get("codes", []), *([body["code"]] if "code" in body else [])]
    return [
        row["log"],
        str(body["seq"]),
        moment(body["at"])[:16] if "at" in body else "",
        str(body.get("of") or body["run"]).removeprefix("run-"),
        str(body["event"]).replace("_", " ") + (" (copy)" if row["shadow"] else ""),
        _person(row["payload"]),
        str(body.get("tool", "")),
        ", ".join([state, *codes] if state else codes),
    ]


def _person(payload: Any) -> str:
    """Return who did it, or for whom it was done; nothing where the entry is erased."""
    if not isinstance(payload, dict):
        return ""
    principal = payload.get("principal") or {}
    names = [payload.get(key) for key in ("by", "reviewer", "person")]
    names += [principal.get("on_behalf_of"), principal.get("id")]
    return next((str(name) for name in names if name), "")
