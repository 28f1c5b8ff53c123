"""The installed command as a shell runs it: light, quiet when stopped, whole in any terminal."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

Command = Callable[..., Any]
INTERLOCK: Final = Path(sys.prefix, "bin", "interlock")
HEAVY: Final = (
    "langgraph",
    "langchain_core",
    "sqlalchemy",
    "wasmtime",
    "numpy",
    "fastapi",
    "langsmith",
)
LOADED: Final = """
import sys
sys.argv = ["interlock", *sys.argv[1:]]
from interlock.serving.cli.application import run_command
code = run_command()
print([name for name in {heavy} if name in sys.modules], file=sys.stderr)
"""

COLLECTED: Final = """
import atexit, gc, sys
atexit.register(lambda: print(gc.isenabled(), file=sys.stderr))
sys.argv = ["interlock", *sys.argv[1:]]
from interlock.serving.cli import main
main()
"""
STOPPED: Final = """
import os, signal, sys
module = sys.argv[1]

class Stop:
    def find_spec(self, name, path, target=None):
        if name == module:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Stop())
sys.argv = ["interlock", "verify"]
from interlock.serving.cli import main
main()
"""


def shell(
    home: Path, *arguments: str, **variables: str
) -> "subprocess.CompletedProcess[str]":
    """Run the installed command in a process of its own."""
    environment = {**os.environ, "INTERLOCK_HOME": str(home), **variables}
    command = [str(INTERLOCK), *arguments]
    return subprocess.run(  # noqa: S603 - ours
        command, check=False, capture_output=True, text=True, env=environment
    )


def loaded(home: Path, *arguments: str) -> list[str]:
    """Return the heavy packages that a command imports."""
    code = LOADED.format(heavy=list(HEAVY))
    environment = {**os.environ, "INTERLOCK_HOME": str(home)}
    command = [sys.executable, "-c", code, *arguments]
    ran = subprocess.run(  # noqa: S603 - ours
        command, check=False, capture_output=True, text=True, env=environment
    )
    names: list[str] = json.loads(ran.stderr.splitlines()[-1].replace("'", '"'))
    return names


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("-h",),
        ("--version",),
        ("revew",),
        (),
        ("doctor", "--help"),
        ("verify", "--help"),
        ("policy", "--help"),
    ],
)
def test_help_loads_nothing_heavy(home: Path, arguments: tuple[str, ...]) -> None:
    """Help, the version and a mistyped command need no database, no graph and no policy engine."""
    assert loaded(home, *arguments) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "list"),
        ("approvals", "list"),
        ("audit", "verify"),
        ("kill", "show"),
        ("config", "show"),
    ],
)
def test_what_only_reads_loads_no_graph_and_no_engine(
    used: Path, arguments: tuple[str, ...]
) -> None:
    """A command that only looks opens the database alone, whatever it tells of open runs."""
    assert set(loaded(used, *arguments)) <= {"sqlalchemy"}


@pytest.mark.parametrize("word", ["check", "replay", "explain"])
def test_what_asks_a_policy_loads_no_graph(home: Path, word: str) -> None:
    """A question to the policy needs no agent, so nothing of LangChain is imported."""
    arguments = ("policy", word, *(["0"] if word == "explain" else []))

    assert set(loaded(home, *arguments)) <= {"sqlalchemy", "wasmtime"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("eval", "list"),
        ("models", "list"),
        ("policy", "check"),
        ("run", "list"),
    ],
)
def test_garbage_is_collected_while_a_command_works(
    used: Path, arguments: tuple[str, ...]
) -> None:
    """Python's collector rests only until a command begins: a suite that runs on keeps its size."""
    ran = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-c", COLLECTED, *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "INTERLOCK_HOME": str(used)},
    )

    assert ran.stderr.splitlines()[-1] == "True"


def test_the_help_is_sorted_by_who_uses_a_command(home: Path, command: Command) -> None:
    """The help names each group of users, every command, the exit codes, and completion."""
    ran = command(home, "-h")

    assert ran.code == 0
    for word in (
        "Start here",
        "Contracts",
        "Decisions of people",
        "Audit and policy",
        "130",
    ):
        assert word in ran.out
    for word in (
        "init",
        "review",
        "records",
        "people",
        "config",
        "kill",
        "--install-completion",
    ):
        assert word in ran.out


def test_a_mistyped_command_is_told_the_right_one(home: Path, command: Command) -> None:
    """Bad input names what was meant."""
    ran = command(home, "revew")

    assert ran.code == 2
    assert "Did you mean 'review'" in ran.err


def test_an_error_is_json_where_json_is_asked_for(home: Path, command: Command) -> None:
    """A program reads the code and the exit code of a failure from standard error."""
    ran = command(home, "run", "show", "run-nope", "--json")
    error = json.loads(ran.err)["error"]

    assert (ran.code, ran.out) == (2, "")
    assert (error["code"], error["exit_code"]) == ("not_found", 2)
    assert (
        json.loads(command(home, "run", "shwo", "--json").err)["error"]["code"]
        == "usage"
    )


def test_a_terminal_that_knows_ascii_only_is_enough(reviewed: Path) -> None:
    """What such a terminal cannot show is escaped; nothing fails."""
    ran = shell(reviewed, "run", "list", PYTHONIOENCODING="ascii")
    (run,) = json.loads(shell(reviewed, "run", "list", "--json").stdout)
    whole = shell(reviewed, "run", "show", run["run_id"], PYTHONIOENCODING="ascii")

    assert (ran.returncode, whole.returncode, whole.stderr) == (0, 0, "")
    assert run["run_id"] in ran.stdout
    assert whole.stdout.isascii()


def test_a_narrow_pipe_cuts_no_id(reviewed: Path) -> None:
    """Ids stand whole in a pipe, and messages are one line each, whatever COLUMNS says."""
    ran = shell(reviewed, "run", "list", COLUMNS="40")
    (run,) = json.loads(shell(reviewed, "run", "list", "--json").stdout)
    missing = shell(reviewed, "run", "show", "run-" + "nope" * 30, COLUMNS="40")

    assert run["run_id"] in ran.stdout
    assert len(missing.stderr.splitlines()) == 1


def test_a_closed_pipe_changes_no_exit_code(reviewed: Path, tmp_path: Path) -> None:
    """Whoever reads only the first line of a report still learns that the ledger is not valid."""
    export = tmp_path / "export"
    assert shell(reviewed, "audit", "export", str(export)).returncode == 0
    header, *rest = export.read_text().splitlines(keepends=True)
    export.write_text("".join([header, *rest[1:]]))
    line = f"set -o pipefail; {INTERLOCK} audit verify {export} | head -c 1"
    ran = subprocess.run(  # noqa: S603 - ours
        ["bash", "-c", line],  # noqa: S607 - whichever comes first
        check=False,
        capture_output=True,
        text=True,
    )

    assert ran.returncode == 5
    assert ran.stderr == ""


@pytest.mark.parametrize(
    "module", ["typer", "rich.console", "pydantic", "langgraph.graph"]
)
def test_a_stop_while_importing_is_quiet(home: Path, module: str) -> None:
    """Ctrl-C in the first moments leaves one line and 130, and no traceback."""
    ran = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-c", STOPPED, module],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "INTERLOCK_HOME": str(home)},
    )

    assert ran.returncode == 130, ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert "stopped" in ran.stderr


def test_a_stop_names_the_run_and_what_is_left(home: Path, contract: Path) -> None:
    """Ctrl-C in the midst of a review says how to go on, and which files were not begun."""
    environment = {**os.environ, "INTERLOCK_HOME": str(home)}
    with subprocess.Popen(  # noqa: S603 - ours
        [str(INTERLOCK), "review", *map(str, sorted(contract.parent.glob("*.pdf")))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()  # the first review is over
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Not begun: " in complaint
    assert "Traceback" not in complaint


def test_quiet_prints_results_only(reviewed: Path, command: Command) -> None:
    """With `--quiet` no next step is printed, and with `--verbose` what is used is said."""
    quiet = command(reviewed, "--quiet", "approvals", "list")
    verbose = command(reviewed, "--verbose", "approvals", "list")

    assert "Next:" not in quiet.out
    assert "Next:" in verbose.out
    assert str(reviewed) in verbose.err
