"""The command `interlock eval list|run|compare|report`."""

import asyncio
import os
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from interlock.runtime.errors import BadInput
from interlock.serving.cli import session
from interlock.serving.cli.session import As, AsJson, err, out
from interlock.serving.cli.show import folded, grid, shown

if TYPE_CHECKING:
    from interlock.evals.suites.gate import Thresholds
    from interlock.evals.suites.measurement import Conditions, Measurement, Recorded
    from interlock.evals.suites.suite import Suite
    from interlock.runtime.storage import Storage
    from interlock.serving.desk import Desk

application = typer.Typer(
    help="Does it hold: run suites of attacks and of work, compare and report what came of them.",
    no_args_is_help=True,
    add_completion=False,
)
PROCESSORS: Final = os.cpu_count() or 1
#: Cases that are told one by one; the files have all
MOST_FAULTS: Final = 20
Measured: TypeAlias = Annotated[
    Path,
    typer.Argument(help="A file that `eval run --json` wrote."),
]
Name: TypeAlias = Annotated[
    str,
    typer.Argument(help="See `interlock eval list`, or the file of one's own cases."),
]
Sample: TypeAlias = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="About so many cases; default: all.",
    ),
]
Seed: TypeAlias = Annotated[
    int,
    typer.Option(help="Draws the sample and the attacks."),
]
Jobs: TypeAlias = Annotated[
    int,
    typer.Option(
        min=1,
        help="Processes at once.",
        show_default="processors",
    ),
]
Required: TypeAlias = Annotated[
    Path | None,
    typer.Option(help="Another file of what is required."),
]
JUnit: TypeAlias = Annotated[
    Path | None,
    typer.Option(help="Write the cases for a build server."),
]
Html: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--html",
        help="Write the report for an auditor.",
    ),
]
Inspect: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--inspect",
        help="Write the log that Inspect reads (JSON).",
    ),
]
Release: TypeAlias = Annotated[
    str,
    typer.Option(
        help="Measure for this release, by its thresholds; the ledger names it."
    ),
]
Unrecorded: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--unrecorded",
        help="Add no entry to the home's ledger.",
    ),
]


@application.command("list")
def list_suites(as_json: AsJson = False) -> None:
    """List the suites, and what is required of each."""
    from interlock.evals.own import finding
    from interlock.evals.suites import catalogue

    workspace = session.opened_workspace()
    rows = []
    for name in (*catalogue.names(), *finding.names(workspace)):
        suite = catalogue.suite(name, workspace)
        required = catalogue.required(suite, None)
        rows.append((name, suite.title, required.get(name, {})))
    if as_json:
        document = [
            {
                "suite": name,
                "title": title,
                "required": {rate: str(bound) for rate, bound in bounds.items()},
            }
            for name, title, bounds in rows
        ]
        session.print_json(document)
        return
    for name, title, bounds in rows:
        out.print(shown(name, style="bold"))
        out.print(shown(title))
        for rate, bound in bounds.items():
            out.print(shown(f"  {bound!s:<16} {rate}", style="dim"))
        if not bounds:
            out.print(shown("  no breach", style="dim"))
        out.print()


@application.command()
def run(
    suite: Name,
    *,
    sample: Sample = None,
    seed: Seed = 0,
    jobs: Jobs = PROCESSORS,
    thresholds: Required = None,
    junit: JUnit = None,
    html: Html = None,
    inspect: Inspect = None,
    release: Release = "",
    unrecorded: Unrecorded = False,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Run a suite and record what came of it; 5 when something that is required did not hold."""
    from interlock.evals.suites import catalogue
    from interlock.evals.suites.files import Files
    from interlock.evals.suites.measurement import Conditions

    _refuse_partial(release, sample, thresholds)
    chosen = catalogue.suite(suite, session.opened_workspace())
    named = _of_release(release)
    conditions = Conditions(sample=sample, seed=seed, jobs=jobs)
    bounds = catalogue.required(chosen, thresholds or named.thresholds)
    measurement = _measured(chosen, conditions, bounds, as_json=as_json)
    try:
        if not unrecorded:
            measurement = _recorded(measurement, person, named)
    finally:  # what was measured is told though nobody may record it
        _tell(measurement, as_json=as_json)
        Files(junit=junit, html=html, inspect=inspect).write([measurement])
    session.leave(session.DONE if measurement.held else session.FAILED_CLOSED)


@application.command()
def compare(before: Measured, after: Measured, as_json: AsJson = False) -> None:
    """Compare two measurements of one suite; 5 when a case became worse."""
    from interlock.evals.suites.comparison import compared
    from interlock.evals.suites.measurement import read

    comparison = compared(read(before), read(after))
    if as_json:
        session.print_json(asdict(comparison) | {"held": comparison.held})
    else:
        first, second = (revision[:12] for revision in comparison.revisions)
        table = grid(folded("Rate"), folded(first), folded(second))
        for row in comparison.rates:
            table.add_row(*row)
        out.print(table)
        for moved in comparison.moved:
            mark = "worse" if moved.is_worse else "better"
            session.say(f"{mark}: {moved.id}: {moved.before}, then {moved.after}")
        if comparison.unshared:
            session.say(f"Not compared: {comparison.unshared} cases of only one.")
    session.leave(session.DONE if comparison.held else session.FAILED_CLOSED)


@application.command()
def report(
    files: Annotated[list[Path], typer.Argument(help="Files of `eval run --json`.")],
    *,
    html: Html = None,
    inspect: Inspect = None,
    as_json: AsJson = False,
) -> None:
    """Write one page about measurements, or the log of one for Inspect."""
    from interlock.evals.suites.files import Files
    from interlock.evals.suites.measurement import read

    measurements = [read(file) for file in files]
    if html is None and inspect is None:
        raise BadInput(
            what="eval report",
            why="no file is named to write",
            next_step="Add `--html FILE`, or `--inspect FILE`.",
        )
    Files(html=html, inspect=inspect).write(measurements)
    written = [str(file) for file in (html, inspect) if file is not None]
    if as_json:
        held = {one.result.suite: one.held for one in measurements}
        session.print_json({"reports": written, "held": held})
        return
    for file in written:
        session.say(f"Wrote {file}")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Named:
    """The release that is measured; empty for none."""

    release: str = ""
    #: The file of what its suites must hold
    thresholds: Path | None = None
    #: What stands for all parts by which this process measures
    parts: str = ""


def _tell(measurement: "Measurement", *, as_json: bool) -> None:
    from interlock.evals.suites.measurement import worth

    if as_json:
        session.print_json(measurement.document())
        return
    table = grid(folded("Rate"), folded("Measured"))
    for rate in measurement.result.rates:
        table.add_row(shown(rate.name), worth(rate))
    out.print(table)
    for name, number in measurement.counts.items():
        session.say(f"{name}: {number}")
    for case in measurement.faults[:MOST_FAULTS]:
        is_surprise = case.expected and not case.is_broken
        expected = f", not {case.expected}" if is_surprise else ""
        session.say(f"{case.became}{expected}: {case.id}: {case.detail}")
    if (more := len(measurement.faults) - MOST_FAULTS) > 0:
        session.say(f"{more} more such cases: --json and --html have all.")
    for gate in measurement.gates:
        mark = "met" if gate.held else "NOT MET"
        session.say(f"{mark}: {gate.name}: {gate.measured} ({gate.required})")


def _measured(
    chosen: "Suite", conditions: "Conditions", bounds: "Thresholds", *, as_json: bool
) -> "Measurement":
    from interlock.evals.suites.measurement import measured

    with nullcontext() if as_json else err.status("measuring", spinner="dots"):
        return asyncio.run(measured(chosen, conditions, bounds))


def _refuse_partial(release: str, sample: int | None, thresholds: Path | None) -> None:
    """Raise `BadInput` where a part of a suite, or other bounds, would count for a release."""
    if release and (sample is not None or thresholds is not None):
        raise BadInput(
            what=f"a measurement of release {release}",
            why="a release is measured whole, and by the thresholds that it names",
            next_step="Leave out `--sample` and `--thresholds`, or `--release`.",
        )


def _of_release(beginning: str) -> _Named:
    """Return the release that begins so, with what this process is before it measures."""
    if not beginning:
        return _Named()
    settings = session.configured()

    async def work(storage: "Storage") -> tuple[str, Path]:
        from interlock.serving.released import thresholds

        return await thresholds(settings, storage, beginning)

    digest, file = session.read(work, using=settings)
    return _Named(release=digest, thresholds=file, parts=asyncio.run(_parts()))


async def _parts() -> str:
    """Return the digest of the parts by which this process measures: those of the workspace."""
    from interlock.runtime.run.measured import parts_digest
    from interlock.serving.home import opened

    async with opened(session.configured(), candidate=True) as home:
        return parts_digest(home.runtime.releases.parts)


def _recorded(
    measurement: "Measurement", name: str | None, named: _Named
) -> "Measurement":
    """Record the measurement; raises `BadInput` where what measured became another meanwhile."""
    if named.release and asyncio.run(_parts()) != named.parts:
        raise BadInput(
            what=f"a measurement of release {named.release[:12]}",
            why="the workspace was changed while it was measured",
            next_step="Measure again, and leave the workspace as it is meanwhile.",
        )

    async def work(desk: "Desk") -> "Recorded":
        from interlock.evals.suites.recording import record
        from interlock.serving.cli.asker import asker

        who = await asker(desk, name)
        return await record(
            desk,
            measurement,
            person=who,
            release=named.release,
            parts=named.parts,
        )

    return replace(measurement, recorded=session.act(work))
