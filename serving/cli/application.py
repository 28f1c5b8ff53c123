"""The application: its options, its commands, and its last line of defence.

Exit codes: 0 done, 1 a defect of Interlock, 2 bad input, 3 waiting for a person, 4 denied,
5 a guard or a dependency failed closed, 130 stopped by Ctrl-C.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from interlock.runtime.errors import InterlockError
from interlock.serving.cli import INTERRUPTED, session
from interlock.serving.cli.commands import Commands

EPILOG = (
    "Exit codes: 0 done, 1 a defect of Interlock, 2 bad input, 3 waiting for a person, 4 denied, "
    "5 a guard failed closed, 130 stopped by Ctrl-C. Every command takes --json and --help."
)

application = typer.Typer(
    name="interlock",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EPILOG,
)


def _version(asked: bool) -> None:
    if not asked:
        return
    from importlib.metadata import version

    typer.echo(f"interlock {version('interlock')}")
    raise typer.Exit


@application.callback(help="AI agents that do real work under policy rails.")
def options(
    *,
    workspace: Annotated[
        Path | None,
        typer.Option(
            help="The workspace: interlock.toml or its folder; default: the nearest one above."
        ),
    ] = None,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            help="Print results only: no progress, no next steps.",
        ),
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            "-v",
            help="Say on standard error what is used and why.",
        ),
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_version,
            is_eager=True,
            help="Print the version.",
        ),
    ] = False,
) -> None:
    """Keep what was chosen for the command that follows."""
    session.choose(
        session.Choices(
            workspace=workspace,
            quiet=quiet,
            verbose=verbose,
        )
    )


def run_command() -> int:
    """Run the command that `sys.argv` names and return its exit code.

    An error of ours is one line on standard error, or one JSON object with `--json`. Any other
    exception is a defect: it is named with its place, and `--verbose` shows all of it.
    """
    session.begin()
    try:
        result = application(standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        result = INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last line of defence: whatever it is, a user sees one line
        return _failed(error)
    if result == INTERRUPTED:
        sys.stdout.flush()
        session.complain(
            session.left_over(),
            code="interrupted",
            exit_code=INTERRUPTED,
        )
    return result if isinstance(result, int) else session.DONE


def _failed(error: Exception) -> int:
    """Say what went wrong, and return its exit code."""
    if isinstance(error, InterlockError):
        session.complain_of(error)
        return error.exit_code
    if isinstance(error, TyperException):
        message = error.format_message() or "name a command, or ask for --help"
        session.complain(
            message,
            code="usage",
            exit_code=session.BAD_INPUT,
        )
        return session.BAD_INPUT
    if isinstance(error, OSError):
        what = f"{error.filename}: " if error.filename else ""
        why = error.strerror or error
        message = f"{what}{why}. Check the disk and its permissions."
        session.complain(
            message,
            code="os",
            exit_code=session.FAILED_CLOSED,
        )
        return session.FAILED_CLOSED
    session.complain_of_defect(error)
    return session.DEFECT
