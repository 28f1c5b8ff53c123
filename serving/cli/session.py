"""What every command shares: the home it opens, how it prints, and what it exits with.

0 done, 2 bad input, 3 waiting for a person, 4 denied, 5 a guard or a dependency failed closed.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.text import Text
from typer.exceptions import TyperException

from interlock.runtime.errors import InterlockError
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.store.writer import reason
from interlock.serving import people, settings
from interlock.serving.cli.show import shown
from interlock.serving.home import BUNDLE, Home, PlannerName, opened
from interlock.serving.settings import Settings

T = TypeVar("T")
DONE: Final = 0
BAD_INPUT: Final = 2
WAITING: Final = 3
DENIED: Final = 4
FAILED_CLOSED: Final = 5
_INTERRUPTED: Final = 130  # what Typer makes of Ctrl-C
NARROWEST: Final = 80  # columns; in a narrower terminal lines break, so that no id is cut off
#: Which exit code wins when several documents end differently
WORST: Final = (FAILED_CLOSED, BAD_INPUT, DENIED, WAITING, DONE)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
out = Console(width=max(NARROWEST, Console().width) if Console().is_terminal else None)
err = Console(stderr=True)


def configured(*, home: Path | None = None, bundle: Path | None = None) -> Settings:
    """Return the settings of this process."""
    return settings.read(bundle=BUNDLE, chosen=bundle, home=home)


def acting(settings: Settings, name: str | None) -> Principal:
    """Return who acts: *name*, or the operating-system account."""
    return people.principal(settings.home, name, tenant=settings.tenant)


def run(
    work: Callable[[Home], Awaitable[T]],
    *,
    using: Settings | None = None,
    planner: PlannerName = "careful",
) -> T:
    """Open the home, run *work* with it, close the home."""

    async def inside() -> T:
        async with opened(using or configured(), planner=planner) as home:
            return await work(home)

    return asyncio.run(inside())


def print_json(value: Any) -> None:
    """Print one JSON document on one line."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def complain(why: str) -> None:
    """Say what went wrong in one line on standard error."""
    err.print(
        Text("interlock: ", style="red").append_text(shown(" ".join(why.split()))), soft_wrap=True
    )


def leave(code: int) -> NoReturn:
    """End the command with *code*."""
    raise typer.Exit(code)


def guarded(application: typer.Typer) -> int:
    """Run the application; an error of ours is one line on standard error and its own exit code."""
    try:
        result = application(standalone_mode=False)
    except InterlockError as error:
        complain(str(error))
        return error.exit_code
    except TyperException as error:
        complain(error.format_message() or "name a command, or ask for --help")
        return BAD_INPUT
    except (typer.Abort, KeyboardInterrupt):
        return _stopped()
    except OSError as error:
        complain(f"{reason(error)}. Check the disk and its permissions.")
        return FAILED_CLOSED
    if result == _INTERRUPTED:
        return _stopped()
    return result if isinstance(result, int) else DONE


def _stopped() -> int:
    complain(
        "stopped. Nothing is lost: see `interlock run list`, and go on with `interlock run resume RUN`."
    )
    return FAILED_CLOSED
