"""`interlock models`: a model is served, looked at, drained and stopped from the command line."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

TWIN: Final = Path(__file__).parents[1] / "vllm" / "twin"
WITHIN_S: Final = 60
DONE: Final = 0
BAD_INPUT: Final = 2
DENIED: Final = 4
FAILED_CLOSED: Final = 5
#: Where no other test has its servers
FIRST_PORT: Final = 19_000 + os.getpid() % 900


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with a catalogue of one model of two replicas, which a twin serves."""
    (tmp_path / "interlock.toml").write_text('home = "home"\n')
    (tmp_path / "weights").mkdir()
    model = {
        "weights": "weights",
        "python": sys.executable,
        "port": FIRST_PORT,
        "replicas": 2,
        "environment": {"PYTHONPATH": str(TWIN)},
        "patience": {"probe_every_s": 0.1, "settle_s": 0.1, "restarts": 0},
    }
    document = {"models": {"small": model}}
    (tmp_path / "models.yaml").write_text(json.dumps(document))
    return tmp_path


def until(is_so: Callable[[], Any]) -> None:
    latest = time.monotonic() + WITHIN_S
    while not is_so():
        assert time.monotonic() < latest
        time.sleep(0.05)


def states(folder: Path) -> list[str]:
    file = folder / "home" / "models" / "small.json"
    if not file.exists():
        return []
    return [replica["state"] for replica in json.loads(file.read_text())["replicas"]]


def test_a_model_is_served_looked_at_drained_and_stopped(
    workspace: Path, programs: Any
) -> None:
    """Each command does its part, and the serving process ends well after the last replica."""
    serving = ("interlock", "models", "serve", "small")
    pid, output = programs.begin(*serving, folder=workspace)
    until(lambda: states(workspace) == ["ready", "ready"])
    listed = programs.run("interlock", "models", "list", "--json", folder=workspace)
    looked = programs.run(
        "interlock", "models", "status", "small", "--json", folder=workspace
    )
    drained = programs.run(
        "interlock", "models", "drain", "small", "--replica", "0", folder=workspace
    )
    between = states(workspace)
    stopped = programs.run("interlock", "models", "stop", "small", folder=workspace)
    code = programs.ended(pid)
    said = output.with_suffix(".out").read_text().splitlines()

    assert json.loads(listed.stdout)[0]["served"] is True
    assert json.loads(looked.stdout)["served"] is True
    assert drained.stdout.splitlines()[-1] == "small/0 stopped"
    assert between == ["stopped", "ready"]
    assert stopped.returncode == DONE, stopped.stderr
    assert states(workspace) == ["stopped", "stopped"]
    assert code == DONE
    assert [line.split()[1] for line in said if line.startswith("small/1")] == [
        "starting",
        "ready",
        "draining",
        "stopped",
    ]


def test_a_signal_drains_what_is_served(workspace: Path, programs: Any) -> None:
    """SIGTERM takes the replicas out of rotation and ends them, and the command ends well."""
    pid, output = programs.begin(
        "interlock", "models", "serve", "small", "--json", folder=workspace
    )
    until(lambda: states(workspace) == ["ready", "ready"])
    os.kill(pid, signal.SIGTERM)
    code = programs.ended(pid)
    rows = [
        json.loads(line) for line in output.with_suffix(".out").read_text().splitlines()
    ]

    assert code == DONE
    assert [row["state"] for row in rows if row["replica"] == 0] == [
        "starting",
        "ready",
        "draining",
        "stopped",
    ]


def test_no_server_outlives_whoever_serves_it(workspace: Path, programs: Any) -> None:
    """When the serving process is killed, its servers end, and the model can be served anew."""
    serving = ("interlock", "models", "serve", "small")
    pid, _ = programs.begin(*serving, folder=workspace)
    until(lambda: states(workspace) == ["ready", "ready"])
    servers = _children(pid)
    os.kill(pid, signal.SIGKILL)
    programs.ended(pid)
    until(lambda: not any(_lives(server) for server in servers))
    listed = programs.run("interlock", "models", "list", "--json", folder=workspace)

    assert len(servers) == 2
    assert json.loads(listed.stdout)[0]["served"] is False


def test_a_model_that_fails_ends_the_command_with_a_code(
    workspace: Path, programs: Any
) -> None:
    """When a replica has failed and no other serves, the command says why and fails closed."""
    file = workspace / "models.yaml"
    document = json.loads(file.read_text())
    died = json.dumps({"dies": [1, "CUDA out of memory"]})
    document["models"]["small"]["environment"]["TWIN"] = died
    file.write_text(json.dumps(document))
    ended = programs.run("interlock", "models", "serve", "small", folder=workspace)

    assert ended.returncode == FAILED_CLOSED
    assert "failed" in ended.stdout
    assert "out_of_memory: CUDA out of memory" in ended.stdout


def test_the_catalogue_is_checked(workspace: Path, programs: Any) -> None:
    """A catalogue that could be served passes; one that could not is refused with its line."""
    good = programs.run("interlock", "models", "check", folder=workspace)
    (workspace / "weights").rmdir()
    bad = programs.run("interlock", "models", "check", folder=workspace)

    assert good.returncode == DONE, good.stderr
    assert "small: vllm" in good.stdout
    assert bad.returncode == BAD_INPUT
    assert "models.small.weights" in bad.stderr


@pytest.mark.parametrize("command", ["drain", "stop"])
def test_what_nobody_serves_is_not_stopped(
    workspace: Path, programs: Any, command: str
) -> None:
    """An order that nobody would hear is refused, and none is left behind."""
    refused = programs.run("interlock", "models", command, "small", folder=workspace)

    assert refused.returncode == BAD_INPUT
    assert "nobody serves it" in refused.stderr
    assert not list(workspace.glob("home/models/*.order"))


def test_whoever_may_not_serve_models_serves_none(
    workspace: Path, programs: Any
) -> None:
    """The policy grants it to administrators; a refusal starts nothing."""
    (workspace / "people.yaml").write_text("people:\n- {id: ana, roles: [analyst]}\n")
    (workspace / "interlock.toml").write_text('home = "home"\npeople = "people.yaml"\n')
    command = ("interlock", "models", "serve", "small", "--as", "ana", "--json")
    refused = programs.run(*command, folder=workspace)

    assert refused.returncode == DENIED
    assert json.loads(refused.stderr)["error"]["code"] == "not_granted"
    assert states(workspace) == []


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def _lives(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3]
    except OSError:
        return False
