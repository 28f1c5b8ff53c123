"""What every command shares: its choices, the home it opens, how it prints, how it ends."""

import asyncio
import json
import os
import sys
import traceback
from collections.abc import Awaitable, Callable  # noqa: TC003 - as the other modules do
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.text import Text

from interlock.runtime.errors import GuardFailed, InterlockError
from interlock.serving.cli import notices
from interlock.serving.cli.show import shown

if TYPE_CHECKING:
    from interlock.runtime.policy.request import Principal
    from interlock.runtime.storage import Storage
    from interlock.serving.desk import Desk
    from interlock.serving.home import Home, MoreTools, PlannerMaker
    from interlock.serving.settings import Settings
    from interlock.serving.workspace import Workspace

T = TypeVar("T")
DONE: Final = 0
DEFECT: Final = 1
BAD_INPUT: Final = 2
WAITING: Final = 3
DENIED: Final = 4
FAILED_CLOSED: Final = 5
NARROWEST: Final = (
    80  # columns; in a narrower terminal lines break, so that no id is cut off
)
PIPED: Final = 120  # columns of a table that no terminal shows
#: Which exit code wins when several documents end differently
WORST: Final = (FAILED_CLOSED, BAD_INPUT, DENIED, WAITING, DONE)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
As = Annotated[
    str | None, typer.Option("--as", help="Who does this; default: your account.")
]


class Screen(Console):
    """A console on which a string is inert: only a `Text` has colours or several lines.

    No closed pipe disturbs it: what nobody reads is dropped, the exit code stays.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a string, of a cell or a line, as text that is safe to print; see `shown`."""
        inert = {"markup": False, "emoji": False, "highlight": False}
        return super().render_str(shown(text).plain, **(options | inert))

    def on_broken_pipe(self) -> None:
        """Let the rest of the output go nowhere."""
        _silence()


def _columns() -> int:
    plain = Console()
    return max(NARROWEST if plain.is_terminal else PIPED, plain.width)


out: Final = Screen(width=_columns())
err: Final = Screen(stderr=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """The options that stand before the command."""

    workspace: Path | None = None
    quiet: bool = False
    verbose: bool = False


@dataclass(kw_only=True, slots=True)
class UnderWay:
    """What a command is at, for whoever stops it."""

    run_id: str | None = None
    not_begun: list[str] = field(default_factory=list)


_choices = Choices()
under_way = UnderWay()


def begin() -> None:
    """Start with no choices; output never fails on a character that the terminal cannot show.

    Warnings of the product are told as errors are: inert, and none of a library.
    """
    choose(Choices())
    notices.tell_by(complain)
    under_way.run_id = None
    under_way.not_begun = []
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def choose(choices: Choices) -> None:
    """Keep the options that stand before the command."""
    global _choices  # noqa: PLW0603 - one process runs one command
    _choices = choices


def choices() -> Choices:
    """Return the options that stood before the command."""
    return _choices


def opened_workspace(*, chosen: dict[str, str] | None = None) -> "Workspace":
    """Return the workspace of this process; *chosen* are settings of the command line."""
    from interlock.serving.workspace import open_workspace

    workspace = open_workspace(place=_choices.workspace, chosen=chosen)
    trace(f"settings of {workspace.file or 'no file'}, home {workspace.settings.home}")
    return workspace


def _check_writable(home: Path) -> None:
    """Raise `GuardFailed` for a home in which nothing could be recorded."""
    place = next(above for above in (home, *home.parents) if above.exists())
    if not os.access(place, os.W_OK | os.X_OK):
        raise GuardFailed(
            guard=f"home {home}",
            why="it cannot be written: it is another account's, or its disk is read-only",
            next_step="Make it writable, or name another home.",
        )


def configured(*, home: Path | None = None, bundle: Path | None = None) -> "Settings":
    """Return the settings of this process."""
    chosen = {"home": home, "bundle": bundle}
    named = {name: str(path) for name, path in chosen.items() if path is not None}
    return opened_workspace(chosen=named).settings


def stopping() -> "Settings":
    """Return the settings of this process for a stop, and say which of them are left out."""
    from interlock.serving.stopping import open_for_stop

    workspace, left_out = open_for_stop(place=_choices.workspace)
    for error in left_out:
        complain(f"left out, as it cannot be used: {error}")
    return workspace.settings


def acting(settings: "Settings", name: str | None) -> "Principal":
    """Return who acts: *name*, or the operating-system account; see `asker` for accounts."""
    if _has_accounts(settings):
        from interlock.serving.cli.asker import asker

        return act(lambda desk: asker(desk, name), using=settings)
    from interlock.serving import people
    from interlock.serving.policy.in_force import in_force
    from interlock.serving.policy.in_force import roles as policy_roles

    roles = policy_roles(in_force(settings))
    return people.principal(
        settings.people,
        name,
        tenant=settings.tenant,
        roles=roles,
    )


def starting(settings: "Settings", name: str | None) -> "Principal":
    """Return who starts a server or a worker: as `acting`, but nobody is asked; see `starter`."""
    if not _has_accounts(settings):
        return acting(settings, name)
    from interlock.serving.cli.asker import starter

    return act(lambda desk: starter(desk, name), using=settings)


def _has_accounts(settings: "Settings") -> bool:
    """Whether the home has accounts; one that was never opened has none."""
    from interlock.runtime.record.vault import has_keys
    from interlock.runtime.run.account import has_accounts

    if not has_keys(settings.home / "keys"):
        return False
    return read(lambda storage: storage.store.read(has_accounts), using=settings)


def run(
    work: "Callable[[Home], Awaitable[T]]",
    *,
    using: "Settings | None" = None,
    planner: "PlannerMaker | None" = None,
    more: "MoreTools | None" = None,
    candidate: bool = False,
    under: str = "",
) -> T:
    """Open the home, run *work* with it, close the home.

    See `opened` for a *candidate*, and for a home *under* a release.
    """
    settings = using or configured()
    _check_writable(settings.home)
    from interlock.serving.home import opened

    async def inside() -> T:
        async with opened(
            settings, planner=planner, more=more, candidate=candidate, under=under
        ) as home:
            trace(f"policy revision {home.bundle.revision}")
            return await work(home)

    return asyncio.run(inside())


def act(
    work: "Callable[[Desk], Awaitable[T]]", *, using: "Settings | None" = None
) -> T:
    """Open the desk, run *work* with it, close the desk: for an act that needs no agent."""
    settings = using or configured()
    _check_writable(settings.home)
    from interlock.serving.desk import opened

    async def inside() -> T:
        async with opened(settings) as desk:
            return await work(desk)

    return asyncio.run(inside())


def read(
    work: "Callable[[Storage], Awaitable[T]]", *, using: "Settings | None" = None
) -> T:
    """Open database and keys only, run *work* with them, close them: for what only looks."""
    settings = using or configured()
    _check_writable(settings.home)
    from interlock.runtime.storage import Storage

    async def inside() -> T:
        opened = Storage.open(
            database=settings.database,
            keys=settings.home / "keys",
            witness=settings.home / "checkpoints",
            reading=True,
        )
        async with opened as storage:
            return await work(storage)

    return asyncio.run(inside())


def print_json(value: Any) -> None:
    """Print one JSON document on one line."""
    try:
        sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _silence()


def say(text: str | Text) -> None:
    """Print one line that is never wrapped; a string is printed as inert text."""
    out.print(text, soft_wrap=True)


def cut(rows: list[T], limit: int) -> list[T]:
    """Return at most *limit* of *rows*, and say on standard error when that leaves some out.

    Whoever asks for *limit* rows reads one more, so that nobody takes a part for the whole.
    """
    if len(rows) > limit:
        more = f"there are more than {limit}: --limit {limit * 10} shows more."
        err.print(Text(f"interlock: {more}", style="dim"), soft_wrap=True)
    return rows[:limit]


def next_step(text: str) -> None:
    """Say what to do next, unless only results are wanted."""
    if not _choices.quiet:
        say(f"Next: {text}")


def trace(text: str) -> None:
    """Say on standard error what is used, when asked to be verbose."""
    if _choices.verbose:
        err.print(
            Text("interlock: ", style="dim").append_text(shown(text)), soft_wrap=True
        )


def complain(why: str, *, code: str = "", exit_code: int = FAILED_CLOSED) -> None:
    """Say what went wrong in one line on standard error, as JSON when JSON is asked for."""
    line = shown(" ".join(why.split()))
    if code and "--json" in sys.argv[1:]:
        error = {
            "code": code,
            "message": line.plain,
            "exit_code": exit_code,
        }
        sys.stderr.write(json.dumps({"error": error}, ensure_ascii=False) + "\n")
        return
    err.print(Text("interlock: ", style="red").append_text(line), soft_wrap=True)


def complain_of(error: InterlockError) -> None:
    """Say an error of ours."""
    message = str(error)
    run_id = under_way.run_id
    if error.exit_code == FAILED_CLOSED and run_id and run_id not in message:
        message += f" Go on with `interlock run resume {run_id}`."
    complain(
        message,
        code=error.code,
        exit_code=error.exit_code,
    )
    if _choices.verbose:
        traceback.print_exception(error)


def complain_of_defect(error: Exception) -> None:
    """Name a defect with its place."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    why = f"a defect of Interlock: {type(error).__name__}: {error} ({place})."
    complain(
        f"{why} See all of it with --verbose.",
        code="defect",
        exit_code=DEFECT,
    )
    if _choices.verbose:
        traceback.print_exception(error)


def left_over() -> str:
    """Return what was stopped, how it goes on, and what was not begun."""
    parts = ["stopped; nothing that was recorded is lost."]
    if under_way.run_id:
        parts.append(f"Go on with `interlock run resume {under_way.run_id}`.")
    if under_way.not_begun:
        parts.append(f"Not begun: {', '.join(under_way.not_begun)}.")
    return " ".join(parts)


def leave(code: int) -> NoReturn:
    """End the command with *code*."""
    raise typer.Exit(code)


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
