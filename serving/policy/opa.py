"""The OPA program: where it is, whether it may be trusted, and one way to run it."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from interlock.runtime.errors import GuardFailed

#: Older ones can be tricked past bundle signatures
OLDEST: Final = (1, 21, 3)
_ANSWERS_WITHIN_S: Final = 60
_HOW_TO_GET_IT: Final = (
    f"Get OPA {'.'.join(map(str, OLDEST))} or newer from https://www.openpolicyagent.org/docs, or "
    "compile it with `go install github.com/open-policy-agent/opa@v1.22.2`, then put it on the "
    "PATH or name it in INTERLOCK_OPA. Only rules need it, data does not."
)


class OpaUnavailable(GuardFailed):
    """No OPA program that may be trusted was found; nothing was built or checked."""

    def __init__(self, *, where: str, why: str) -> None:
        self.where = where
        super().__init__(
            guard=f"opa at {where}",
            why=why,
            next_step=_HOW_TO_GET_IT,
        )


class OpaRefused(GuardFailed):
    """OPA ran and said no; its own words are the reason."""

    def __init__(self, *, command: str, said: str) -> None:
        self.command = command
        self.said = said
        super().__init__(
            guard=f"opa {command}",
            why=said,
            next_step="Correct the policy or its data.",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Opa:
    """One OPA program of a known version."""

    path: Path
    version: str

    def run(self, *arguments: str | Path, cwd: Path | None = None) -> str:
        """Return what OPA printed.

        Raises `OpaRefused` with OPA's words when OPA does not end with 0.
        """
        done = self.ask(*arguments, cwd=cwd)
        if done.returncode != 0:
            words = (done.stderr.strip(), done.stdout.strip())
            said = "\n".join(part for part in words if part)
            raise OpaRefused(command=str(arguments[0]), said=said)
        return done.stdout

    def ask(
        self, *arguments: str | Path, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run OPA and return how it ended, with what it printed; a refusal is no error."""
        return _execute([self.path, *arguments], cwd)


def find_opa() -> Opa:
    """Return the first OPA of $INTERLOCK_OPA, this environment's `bin`, the PATH.

    Fails closed with `OpaUnavailable` when there is none, or when the first one is too old or does
    not answer: a program named on purpose is never passed over in silence.
    """
    named = os.environ.get("INTERLOCK_OPA")
    beside = Path(sys.prefix, "bin", "opa")
    program = named or (str(beside) if beside.exists() else shutil.which("opa"))
    if program is None:
        raise OpaUnavailable(
            where="INTERLOCK_OPA, this environment, PATH", why="there is none"
        )
    version = _trusted_version(program)
    return Opa(path=Path(program), version=version)


def _trusted_version(path: str) -> str:
    try:
        done = _execute([Path(path), "version"], None)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OpaUnavailable(where=path, why=f"it does not run: {error}") from error
    match = re.search(r"^Version: (\d+)\.(\d+)\.(\d+)$", done.stdout, re.MULTILINE)
    if match is None:
        raise OpaUnavailable(where=path, why="it does not tell a released version")
    version = ".".join(match.groups())
    if tuple(map(int, match.groups())) < OLDEST:
        raise OpaUnavailable(where=path, why=f"version {version} is too old")
    return version


def _execute(
    command: list[str | Path], cwd: Path | None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the program was found by us and no shell reads the arguments
        command,
        cwd=cwd,
        check=False,
        capture_output=True,
        text=True,
        timeout=_ANSWERS_WITHIN_S,
    )
