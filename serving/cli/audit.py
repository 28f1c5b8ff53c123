"""The command `interlock audit verify|export|show|recover`."""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from interlock.runtime.errors import BadInput, NotFound
from interlock.serving.cli import audit_show, recovery, session
from interlock.serving.cli.asker import asker
from interlock.serving.cli.audit_show import LogName
from interlock.serving.cli.output import NewLines
from interlock.serving.cli.session import As, AsJson
from interlock.serving.cli.show import shown

if TYPE_CHECKING:
    from interlock.runtime.record.audit import Audit, Write
    from interlock.runtime.record.state import Difference
    from interlock.runtime.storage import Storage
    from interlock.serving.desk import Desk

application = typer.Typer(
    help="The record: verify it, take it along, read it.",
    no_args_is_help=True,
    add_completion=False,
)
application.command()(recovery.recover)
application.command()(audit_show.show)
_KEY_DIGITS = 64


@application.command()
def verify(
    *,
    file: Annotated[
        Path | None, typer.Argument(help="An export; default: this home's ledger.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            help="The public key to trust, in hexadecimal; default: this home's."
        ),
    ] = None,
    remembered: Annotated[
        list[Path] | None,
        typer.Option(help="A checkpoint kept from an earlier look; once for each log."),
    ] = None,
    log: LogName = None,
    state: Annotated[
        bool,
        typer.Option("--state", help="Compare this home's tables with the ledger too."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Verify the ledger: every entry, every signature, and what they say together.

    Ends with 3 when nothing is wrong, and a person let a log go on after a loss.
    """
    differences: list[Difference] = []
    if file is None:
        _refuse_for_home(key, remembered)
        audit, differences = _of_this_home(log, state=state)
    else:
        _refuse_for_export(state=state)
        audit = _offline(file, key or _own_key(), log, remembered or [])
    if as_json:
        session.print_json(_plain(audit) | _plain_state(differences, asked=state))
    else:
        _print(audit)
        _print_state(differences, asked=state)
    if differences or not audit.valid:
        session.leave(session.FAILED_CLOSED)
    session.leave(session.WAITING if audit.gaps else session.DONE)


def _refuse_for_home(key: str | None, remembered: list[Path] | None) -> None:
    if key or remembered:
        what = "--key" if key else "--remembered"
        why = "this home has its own key and witness"
        raise BadInput(what=what, why=why, next_step="Name the file of an export.")


def _refuse_for_export(*, state: bool) -> None:
    if state:
        why = "an export holds no tables"
        raise BadInput(what="--state", why=why, next_step="Leave the file away.")


def _own_key() -> str | None:
    """Return the key of this home's ledger, or None where there is no home."""
    from interlock.runtime.record.vault import public_key

    key = public_key(session.configured().home / "keys")
    return None if key is None else key.hex()


def _plain_state(differences: "list[Difference]", *, asked: bool) -> dict[str, Any]:
    plain = [asdict(difference) for difference in differences]
    return {"differences": plain} if asked else {}


def _print_state(differences: "list[Difference]", *, asked: bool) -> None:
    for difference in differences:
        place = f"{difference.table} {difference.row} {difference.column}".rstrip()
        line = f"{place}: {difference.code}"
        if difference.column:
            line += f": the ledger says {difference.expected!r}, here is {difference.actual!r}"
        session.say(line)
    if asked:
        session.say(f"State: {len(differences)} differences from the ledger")


def _plain(audit: "Audit") -> dict[str, Any]:
    logs = [
        {
            "log": report.log,
            "valid": report.valid,
            "size": report.size,
            "root": report.root,
            "checkpoints": report.checkpoints,
        }
        for report in audit.reports
    ]
    return {
        "valid": audit.valid,
        "size": audit.size,
        "checkpoints": audit.checkpoints,
        "key": audit.key,
        "logs": logs,
        "problems": [asdict(problem) for problem in audit.problems],
        "gaps": [asdict(gap) for gap in audit.gaps],
    }


def _print(audit: "Audit") -> None:
    for problem in audit.problems:
        line = f"{problem.log} entry {problem.seq}: {problem.code}: {problem.detail}"
        session.say(shown(line, style="red"))
    for gap in audit.gaps:
        line = f"{gap.log} entry {gap.seq}: {gap.code}: {gap.detail}"
        session.say(shown(line, style="yellow"))
    verdict = (audit.verdict, "bold green" if audit.valid else "bold red")
    sizes = f": {audit.size} entries, {audit.checkpoints} signed checkpoints"
    session.say(Text.assemble("Ledger ", verdict, sizes))
    for report in audit.reports:
        session.say(f"log  {report.log}, {report.size} entries, root {report.root}")
    session.say(f"key  {audit.key}")


def _of_this_home(log: str | None, *, state: bool) -> "tuple[Audit, list[Difference]]":
    from interlock.serving.audit import compared, verified

    async def work(storage: "Storage") -> "tuple[Audit, list[Difference]]":
        audit = await verified(storage, log=log)
        return audit, await compared(storage) if state else []

    return session.read(work)


@application.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where to; must not exist.")],
    log: LogName = None,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Write the ledger for verification elsewhere: `python audit_verify.py FILE --key HEX`."""
    from interlock.runtime.record import audit_verify

    async def work(desk: "Desk") -> dict[str, Any]:
        from interlock.serving.operations import exports

        lines = NewLines(file)
        names: list[str] = []
        kinds = Counter[str]()
        with lines:
            await exports.ledger(
                desk.storage,
                desk.acts,
                _writing(lines, kinds, names),
                person=await asker(desk, person),
                log=log,
            )
        return {
            "file": str(file),
            "entries": kinds["entry"],
            "logs": names,
            "public_key": desk.storage.ledger.public_key.hex(),
        }

    done = session.act(work)
    if as_json:
        session.print_json(done)
        return
    session.say(f"{done['entries']} entries in {file}; public key {done['public_key']}")
    session.next_step(f"verify anywhere: python {audit_verify.__file__} {file}")


def _writing(lines: NewLines, kinds: Counter[str], names: list[str]) -> "Write":
    """Return what writes records to *lines*, counts their *kinds* and adds the *names* of logs."""

    def write(record: dict[str, str | int]) -> None:
        kinds[str(record["kind"])] += 1
        if record["kind"] == "log":
            names.append(str(record["log"]))
        lines.write(json.dumps(record, ensure_ascii=False))

    return write


def _offline(
    file: Path, key: str | None, log: str | None, remembered: list[Path]
) -> "Audit":
    from interlock.runtime.record import audit_verify
    from interlock.runtime.record.audit import Audit

    if key is not None and (len(key) != _KEY_DIGITS or not _is_hexadecimal(key)):
        raise BadInput(
            what=f"--key {key[:_KEY_DIGITS]!r}",
            why=f"it is not {_KEY_DIGITS} hexadecimal digits",
            next_step="The key stands in the output of `interlock audit export`.",
        )
    try:
        notes = [path.read_text("utf-8") for path in remembered]
        reports = audit_verify.verify_export(file, key=key, remembered=notes)
    except OSError as error:
        raise BadInput(
            what=str(file),
            why=error.strerror or "it cannot be read",
            next_step="Name a file that `interlock audit export` wrote.",
        ) from error
    except (ValueError, LookupError, TypeError) as error:
        raise BadInput(
            what=str(file),
            why=f"it is not a ledger export ({error})",
            next_step="Export it again.",
        ) from error
    wanted = tuple(report for report in reports if log in {None, report.log})
    if not wanted:
        raise NotFound(
            kind="log",
            name=log or "",
            next_step=f"{file} has {', '.join(report.log for report in reports)}.",
        )
    return Audit(reports=wanted)


def _is_hexadecimal(text: str) -> bool:
    return all(digit in "0123456789abcdefABCDEF" for digit in text)
