"""The command `interlock worker`."""

import asyncio
import gc
import signal
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

import typer

from interlock.runtime.errors import BadInput, GuardFailed
from interlock.serving.cli import ending, session
from interlock.serving.cli.result import stopped_code
from interlock.serving.cli.session import As, AsJson

if TYPE_CHECKING:
    from collections.abc import Callable

    from interlock.runtime.policy.request import Principal
    from interlock.runtime.storage import Storage
    from interlock.serving.cli.ending import Ending
    from interlock.serving.crew import Crew
    from interlock.serving.home import Home
    from interlock.serving.worker import Turn, Until, Worker
    from interlock.serving.workspace import Workspace

#: Where workers work: in this process, or as actors of Ray
Engine: TypeAlias = Literal["here", "ray"]
Actors = Annotated[
    int,
    typer.Option(min=1, help="Workers to place in the cluster."),
]
Concurrency: TypeAlias = Annotated[
    int | None,
    typer.Option(min=1, help="Runs at a time; default: the setting."),
]
Release: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="RELEASE", help="Carry on the runs of a release that is rolled out."
    ),
]
application = typer.Typer(add_completion=False)


@application.command()
def worker(
    *,
    concurrency: Concurrency = None,
    once: Annotated[
        bool, typer.Option("--once", help="Claim once, carry that on, and end.")
    ] = False,
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="End when nothing is ready any more.")
    ] = False,
    engine: Annotated[
        Engine, typer.Option(help="Where it works: here, or on the nodes of a cluster.")
    ] = "here",
    actors: Actors = 1,
    release: Release = "",
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Carry on queued runs, those whose question was decided, and those whose worker died.

    Ctrl-C or SIGTERM lets every run end its step and leaves the runs to other workers; a second one
    stops at once.
    """
    until: Until = "once" if once else "idle" if until_idle else "stopped"
    beginning = _Beginning(
        workspace=_workspace(concurrency),
        release=release,
        engine=engine,
        actors=actors,
        until=until,
        person=person,
        printer=_Printer(as_json=as_json),
    )
    with ending.heard() as asked:
        if until == "stopped":
            beginning.insist(asked)
        else:
            beginning.begin()
    session.leave(session.DONE if until == "stopped" else beginning.printer.code)


@dataclass(kw_only=True)
class _Beginning:
    """One start of a worker, or on a cluster of a crew of so many *actors*."""

    workspace: "Workspace"
    #: Whose runs it takes; empty for the one in force
    release: str
    engine: Engine
    actors: int
    until: "Until"
    person: str | None
    printer: "_Printer"
    has_begun: bool = False

    def begin(self) -> None:
        """Begin, and return when the work is done."""
        who = session.starting(self.workspace.settings, self.person)

        async def work(home: "Home") -> None:
            crew = (self.workspace, self.actors) if self.engine == "ray" else None
            one = await _engaged(home, crew, person=who, told=self.printer.told)
            self.has_begun = True
            _heed_signals(one)
            # What a worker begins with stays: to look through it again and again makes steps wait.
            gc.collect()
            gc.freeze()
            await one.work(self.until)

        under = _whole(self.workspace, self.release, self.engine)
        session.run(work, using=self.workspace.settings, under=under)

    def insist(self, asked: "Ending") -> None:
        """Begin, and again and again while the database is away, until the end is *asked* for.

        Whatever is wrong otherwise, such as a password, is raised.
        """
        from interlock.serving import arrival
        from interlock.serving.worker import Turn

        for seconds in arrival.pauses():
            try:
                self.begin()
                break
            except GuardFailed as error:
                if self.has_begun or not arrival.may_pass(error):
                    raise
                if asked.is_asked:
                    break
                why = arrival.told(error, seconds)
            self.printer.told(Turn(run_id="", agent="", status="held", why=why))
            time.sleep(seconds)


def _workspace(concurrency: int | None) -> "Workspace":
    chosen = {} if concurrency is None else {"worker.concurrency": str(concurrency)}
    return session.opened_workspace(chosen=chosen)


def _whole(workspace: "Workspace", release: str, engine: Engine) -> str:
    """Return the whole digest of the release that begins so; empty for that in force."""
    if not release:
        return ""
    if engine != "here":
        raise BadInput(
            what=f"worker of release {release}",
            why="workers of a cluster work under the release in force",
            next_step="Start it without --engine.",
        )

    async def work(storage: "Storage") -> str:
        from interlock.serving import releases

        one = await releases.read(storage, release)
        return one.digest

    return session.read(work, using=workspace.settings)


async def _engaged(
    home: "Home",
    crew: "tuple[Workspace, int] | None",
    *,
    person: "Principal",
    told: "Callable[[Turn], None]",
) -> "Worker | Crew":
    """Return a worker of this process, or a *crew* of so many for the workspace."""
    if crew is None:
        from interlock.serving.operations.workers import hired

        return await hired(home, person=person, told=told)
    from interlock.serving import people
    from interlock.serving.ray_crew import crew_of

    workspace, actors = crew
    return crew_of(
        workspace,
        person=None if people.is_machine(person) else person.id,
        actors=actors,
        told=told,
    )


#: What the end of a turn means to a caller
_CODES: Final = {
    "done": session.DONE,
    "queued": session.DONE,
    "fenced": session.DONE,
    "cancelled": session.DONE,
    "running": session.DONE,
    "waiting": session.WAITING,
    "failed": session.FAILED_CLOSED,
    "held": session.FAILED_CLOSED,
    "dead": session.FAILED_CLOSED,
    "refused": session.FAILED_CLOSED,
}


class _Printer:
    """Prints a line for every turn, and keeps the worst exit code."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self.code = session.DONE

    def told(self, turn: "Turn") -> None:
        """Print one turn."""
        code = stopped_code(turn.stopped) if turn.stopped else _CODES[turn.status]
        codes = (self.code, code)
        self.code = next(code for code in session.WORST if code in codes)
        if self._as_json:
            session.print_json(asdict(turn))
            return
        words = [turn.run_id, turn.agent, turn.status]
        session.say(" ".join(word for word in words if word))
        if turn.why:
            session.complain(turn.why)


def _heed_signals(one: "Worker | Crew") -> None:
    """Let the first signal drain the worker and the second one stop it."""
    loop = asyncio.get_running_loop()
    heard: list[int] = []

    def hear(number: int) -> None:
        heard.append(number)
        if len(heard) == 1:
            one.drain()
        else:
            one.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, hear, number)
