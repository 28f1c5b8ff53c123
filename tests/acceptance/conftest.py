"""The command as a person runs it: a process of its own, with a home of its own."""

import asyncio
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from interlock.runtime.storage import Storage
from interlock.tools.reports import Reports


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


@dataclass(frozen=True, kw_only=True)
class Demo:
    """A demo that was run: its home, and what it printed."""

    home: Path
    found: dict[str, Any]


@pytest.fixture(scope="session", autouse=True)
def installation() -> None:
    """Stop when the installed package is older than pyproject.toml: its commands would be
    missing.
    """
    if "demo" not in entry_points(group="interlock.commands").names:
        raise pytest.UsageError(
            "the installation is out of date: uv pip install --python .venv/bin/python "
            "--no-deps --no-build-isolation -e ."
        )


@pytest.fixture(scope="session")
def command(programs: Any) -> Command:
    """Run `interlock` with arguments in a home, as the demo's tenant; named settings go into its
    environment.
    """

    def run(home: Path, *arguments: str, **settings: str) -> Ran:
        done = programs.run(
            "interlock",
            *arguments,
            folder=Path.cwd(),
            environment=environment(home) | settings,
        )
        return Ran(code=done.returncode, out=done.stdout, err=done.stderr)

    return run


@pytest.fixture(scope="session")
def reviewed(tmp_path_factory: pytest.TempPathFactory, command: Command) -> Demo:
    """The demo as it is after `interlock demo`; shared, so only to be looked at."""
    home = tmp_path_factory.mktemp("demo") / "home"
    ran = command(home, "demo", "--json", "--home", str(home))
    assert (ran.code, ran.err) == (0, "")
    return Demo(home=home, found=ran.value)


@pytest.fixture
def demo(reviewed: Demo, tmp_path: Path) -> Demo:
    """A copy of the demo's home, to work in."""
    home = tmp_path / "home"
    shutil.copytree(reviewed.home, home)
    return Demo(home=home, found=reviewed.found)


def environment(home: Path) -> dict[str, str]:
    """Return this process's environment without settings of ours, but for the home and the demo's
    tenant.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("INTERLOCK_")
    }
    return kept | {"INTERLOCK_HOME": str(home), "INTERLOCK_TENANT": "demo"}


@pytest.fixture(scope="session", name="environment")
def settings() -> Callable[[Path], dict[str, str]]:
    """Return the environment of a command in a home."""
    return environment


@pytest.fixture(scope="session")
def reports() -> Callable[[Path], dict[str, str]]:
    """Read the newest report of every run of a home from its database, as another machine would."""

    async def read(home: Path) -> dict[str, str]:
        database = f"sqlite:///{home / 'interlock.db'}"
        async with Storage.open(database=database, keys=home / "keys") as storage:
            kept = Reports(store=storage.store, vault=storage.vault)
            pages: dict[str, str] = {}
            for run in await storage.runs.list():
                for report in await kept.of_run(run.id):
                    pages.setdefault(run.id, report.page)
            return pages

    return lambda home: asyncio.run(read(home))
