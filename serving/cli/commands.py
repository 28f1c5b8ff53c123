"""The commands by who uses them. A command's module is imported when the command is run.

What a command is for stands here once, so that the help of the application imports none of them.
"""

import gc
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from interlock.serving.cli import installed

START: Final = "Start here"
CONTRACTS: Final = "Contracts"
DECISIONS: Final = "Decisions of people"
OPERATION: Final = "Operation"
AUDIT: Final = "Audit and policy"
BROUGHT: Final = "Other packages"
_FOLDER: Final = "interlock.serving.cli"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One command: whom it is for, what it does, and the module that has it.

    The module's `application` is the command; without a module an entry point brings the command.
    """

    panel: str
    help: str
    module: str | None = None


COMMANDS: Final = {
    "init": Entry(
        panel=START,
        module="init",
        help="Make a workspace, with its first people.",
    ),
    "demo": Entry(
        panel=START, help="Review real contracts and a hostile one, under the rails."
    ),
    "review": Entry(
        panel=CONTRACTS,
        module="review",
        help="Review contracts: files, folders or - for input.",
    ),
    "ask": Entry(
        panel=CONTRACTS,
        module="ask",
        help="Ask a question over contracts; a model plans under the policy.",
    ),
    "batch": Entry(
        panel=CONTRACTS,
        module="batch",
        help="Many documents as one job: submit, watch, results.",
    ),
    "run": Entry(
        panel=CONTRACTS,
        module="run",
        help="Look at runs, carry them on, end them.",
    ),
    "worker": Entry(
        panel=OPERATION,
        module="worker",
        help="Carry on queued runs, many at a time.",
    ),
    "serve": Entry(
        panel=OPERATION,
        module="serve",
        help="Serve the API and the reviewer queue, with one worker.",
    ),
    "models": Entry(
        panel=OPERATION,
        module="models",
        help="Models served by vLLM here: serve, look, drain, stop.",
    ),
    "records": Entry(
        panel=CONTRACTS,
        module="records",
        help="What was filed about contracts: list, export.",
    ),
    "document": Entry(
        panel=CONTRACTS,
        module="document",
        help="The documents that were read.",
    ),
    "approvals": Entry(
        panel=DECISIONS,
        module="approvals",
        help="Decide what waits for a person.",
    ),
    "kill": Entry(
        panel=DECISIONS,
        module="kill",
        help="Stop everything, a tenant, a tool or a run, at once.",
    ),
    "budget": Entry(
        panel=DECISIONS,
        module="budget",
        help="What runs, jobs and tenants may spend; set and raise limits.",
    ),
    "quality": Entry(
        panel=DECISIONS,
        module="quality",
        help="How people review; seed canaries that measure it.",
    ),
    "people": Entry(
        panel=OPERATION,
        module="people",
        help="Who may do what: add, list, remove.",
    ),
    "keys": Entry(
        panel=OPERATION,
        module="keys",
        help="Your keys for programs: issue, list, rotate, revoke.",
    ),
    "webhooks": Entry(
        panel=OPERATION,
        module="webhooks",
        help="Tell other systems what happens: add, list, rotate, deliveries.",
    ),
    "sign-in": Entry(
        panel=OPERATION,
        module="sign_in",
        help="Sign in, on a home with accounts.",
    ),
    "sign-out": Entry(
        panel=OPERATION,
        module="sign_out",
        help="End the session of this terminal.",
    ),
    "sign-in-link": Entry(
        panel=OPERATION,
        module="sign_in_link",
        help="A code that signs somebody in once; for the home's owner.",
    ),
    "config": Entry(
        panel=OPERATION,
        module="config",
        help="The settings, and where each is set.",
    ),
    "doctor": Entry(
        panel=OPERATION,
        module="doctor",
        help="Look at everything that a run depends on.",
    ),
    "verify": Entry(
        panel=AUDIT,
        module="verify",
        help="Try every rule and every guard.",
    ),
    "audit": Entry(
        panel=AUDIT,
        module="audit",
        help="The record: verify, export, read.",
    ),
    "new": Entry(
        panel=OPERATION,
        module="new",
        help="Begin a workspace, an agent, a tool or a rule.",
    ),
    "policy": Entry(
        panel=AUDIT,
        module="policy",
        help="The rules: check them, ask them why.",
    ),
    "release": Entry(
        panel=AUDIT,
        module="release",
        help="Agent, policy, prompts and models as one: promote, roll back.",
    ),
    "eval": Entry(panel=AUDIT, help="Does it hold: suites of attacks and of work."),
    "bench": Entry(panel=AUDIT, help="Measure on this machine."),
    "chaos": Entry(panel=AUDIT, help="Drill faults: kill workers, break databases."),
}


class Commands(TyperGroup):
    """The commands of this package, then those of other packages; a name of this package wins.

    For the help and for suggestions a command is a stub; `resolve_command` loads the real one.
    """

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, entry in COMMANDS.items():
            self.commands[name] = TyperCommand(
                name,
                help=entry.help,
                rich_help_panel=entry.panel,
                callback=_nothing,
            )

    def list_commands(self, ctx: Any) -> list[str]:
        """Return every name once; what the named entry points do not bring is left out."""
        brought = installed.names()
        own = [
            name for name, entry in COMMANDS.items() if entry.module or name in brought
        ]
        return [*own, *sorted(brought - set(COMMANDS))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a stub of the command of that name, or None."""
        stub = super().get_command(ctx, cmd_name)
        if stub is not None or cmd_name not in installed.names():
            return stub
        about = f"A command of {installed.package(cmd_name)}."
        return TyperCommand(
            cmd_name,
            help=about,
            rich_help_panel=BROUGHT,
            callback=_nothing,
        )

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that *args* begin with, loaded.

        Python collects garbage from here on: what a command does may take hours and all memory.
        """
        name, stub, rest = super().resolve_command(ctx, args)
        command = stub and _load(str(name))
        gc.enable()
        return name, command, rest


def _nothing() -> None:
    """Stand where a stub needs a callback."""


def _load(name: str) -> Any:
    entry = COMMANDS.get(name)
    if entry is None or entry.module is None:
        return installed.load(name)
    command: Any = get_command(import_module(f"{_FOLDER}.{entry.module}").application)
    command.name = name
    return command
