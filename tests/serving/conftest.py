"""The command line in this process: the same application and the same last line of defence, without
the start-up.
"""

import getpass
import io
import json
import os
import shutil
import sys
from collections.abc import Awaitable, Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

from interlock.serving.cli.application import run_command

from . import rolling

CONTRACTS: Final = Path(__file__).resolve().parents[2] / "evals" / "data" / "contracts"
PEOPLE: Final = (
    "people:\n- {id: ana, roles: [analyst]}\n- {id: rhea, roles: [reviewer]}\n"
    f"- {{id: {getpass.getuser()}, roles: [analyst, administrator]}}\n"
)


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        """The JSON document it printed."""
        return json.loads(self.out)


Command: TypeAlias = Callable[..., Ran]


@pytest.fixture(scope="session")
def command() -> Command:
    """Run the application with arguments in a home; named settings go into its environment."""
    return _run


@pytest.fixture(scope="session")
def roll_out() -> Callable[..., Awaitable[rolling.Rolled]]:
    """Roll a release out in a home, beside another one that is in force."""
    return rolling.roll_out


@pytest.fixture(scope="session")
def contract() -> Path:
    """A real contract of seven pages."""
    return CONTRACTS / "opera-service-agreement.pdf"


@pytest.fixture(scope="session")
def reviewed(tmp_path_factory: pytest.TempPathFactory, contract: Path) -> Path:
    """A home in which one contract was reviewed and its mail waits; shared, so only to be looked
    at.
    """
    home = tmp_path_factory.mktemp("reviewed") / "home"
    home.mkdir()
    (home / "people.yaml").write_text(PEOPLE, "utf-8")
    assert (
        _run(
            home,
            "review",
            str(contract),
            "--notify",
            "legal@example.com",
            "--as",
            "ana",
        ).code
        == 3
    )
    return home


@pytest.fixture
def used(reviewed: Path, tmp_path: Path) -> Path:
    """A copy of that home, to work in."""
    return Path(shutil.copytree(reviewed, tmp_path / "used"))


def _run(home: Path | None, *arguments: str, **settings: str) -> Ran:
    out, err = (
        io.TextIOWrapper(io.BytesIO(), "utf-8", newline="", write_through=True)
        for _ in range(2)
    )
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        for name in [
            name
            for name in os.environ
            if name.startswith("INTERLOCK_") and name != "INTERLOCK_OPA"
        ]:
            patch.delenv(name)
        if home is not None:
            patch.setenv("INTERLOCK_HOME", str(home))
        for name, value in settings.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["interlock", *arguments])
        code = run_command()
    texts = [each.buffer.getvalue().decode() for each in (out, err)]
    return Ran(code=code, out=texts[0], err=texts[1])
