"""The command line: `interlock COMMAND`. Every command takes `--json`; exit codes are in `interlock.serving.cli.session`."""

import sys

import typer

from interlock.serving.cli import (
    approvals,
    audit,
    budget,
    doctor,
    document,
    kill,
    policy,
    review,
    run,
    verify,
)
from interlock.serving.cli.installed import InstalledCommands
from interlock.serving.cli.session import guarded

application = typer.Typer(
    name="interlock",
    cls=InstalledCommands,
    help="AI agents that do real work under policy rails.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
application.command("review")(review.review)
application.command("doctor")(doctor.doctor)
application.command("verify")(verify.verify)
for name, group in (
    ("run", run.application),
    ("approvals", approvals.application),
    ("audit", audit.application),
    ("policy", policy.application),
    ("budget", budget.application),
    ("document", document.application),
    ("kill", kill.application),
):
    application.add_typer(group, name=name)


def main() -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(guarded(application))
