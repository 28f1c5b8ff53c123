"""A stop can always be made: it needs the record, and no policy, agent or list of people."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interlock.errors import BadInput
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.serving.desk import opened
from interlock.serving.operations import kill_switches
from interlock.serving.origins import settings_by_name
from interlock.serving.settings import sqlite_url
from interlock.serving.stopping import NEEDED, open_for_stop
from interlock.serving.workspace import open_workspace

Command = Callable[..., Any]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace whose home is the folder `home` in it."""
    (tmp_path / "interlock.toml").write_text('home = "home"\n', "utf-8")
    return tmp_path


def entries(command: Command, workspace: Path) -> list[dict[str, Any]]:
    """Return the acts and the turns of switches that the ledger has of the whole home."""
    ran = command(None, "--workspace", str(workspace), "audit", "show", "--json")
    return [
        dict(entry["body"])
        for entry in map(json.loads, ran.out.splitlines())
        if entry["body"]["event"] in {"act", "kill_switch"}
    ]


def broken_data(workspace: Path) -> None:
    """Lay data over the policy that fits nothing."""
    (workspace / "policies").mkdir()
    (workspace / "policies" / "data.yaml").write_text("grants: 7\n", "utf-8")


def missing_bundle(workspace: Path) -> None:
    """Name a policy that does not exist."""
    with (workspace / "interlock.toml").open("a", encoding="utf-8") as file:
        file.write('bundle = "nowhere.tar.gz"\n')


@pytest.mark.parametrize("broken", [broken_data, missing_bundle])
def test_a_policy_that_cannot_be_loaded_keeps_nobody_from_stopping(
    workspace: Path, command: Command, broken: Callable[[Path], None]
) -> None:
    """The stop is carried out, recorded as undecided, shown, and says so; a release is refused."""
    broken(workspace)
    at = ("--workspace", str(workspace))
    engaged = command(None, *at, "kill", "engage", "all", "--json")
    again = command(None, *at, "kill", "engage", "all")
    shown = command(None, *at, "kill", "show", "--json")
    released = command(None, *at, "kill", "release", "all", "--json")

    assert (engaged.code, engaged.value["codes"]) == (0, ["pdp_unavailable"])
    assert again.code == 0
    assert "policy" in again.out
    assert [switch["scope"] for switch in shown.value] == ["all"]
    assert released.code == 5
    assert shown.value == command(None, *at, "kill", "show", "--json").value


def test_what_is_no_setting_is_left_out_of_a_stop(tmp_path: Path) -> None:
    """Every setting that can be refused is left out of a stop and named, but for those that say
    where the record is: no other home is stopped.
    """
    refused: dict[str, BadInput] = {}
    written = {}
    for name, setting in settings_by_name().items():
        bad = "~nobody-of-this-name/x" if setting.is_path else "no :thing"
        written[name] = {"INTERLOCK_HOME": str(tmp_path), setting.variable: bad}
        try:
            open_workspace(written[name])
        except BadInput as error:
            refused[name] = error
    for name in refused.keys() - NEEDED:
        workspace, left_out = open_for_stop(written[name])
        assert [str(one) for one in left_out] == [str(refused[name])]
        assert (workspace.settings.home, *workspace.origins) == (tmp_path, "home")
    for name in NEEDED:
        with pytest.raises(BadInput):
            open_for_stop(written[name])

    assert refused.keys() > NEEDED | {"bundle", "limits.steps", "mcp", "opa_server"}


def test_a_stop_says_which_settings_it_left_out(
    workspace: Path, command: Command
) -> None:
    """A misspelt setting and one that cannot be used keep nobody from stopping; a release, which
    can wait, is refused.
    """
    at = ("--workspace", str(workspace))
    wrong = {
        "INTERLOCK_OPA_SERVER": "nowhere",
        "INTERLOCK_OPA_TOKEN": "two\nlines",
        "INTERLOCK_TENNANT": "acme",
    }
    stopped = command(None, *at, "kill", "engage", "all", "--json", **wrong)
    shown = command(None, *at, "kill", "show", **wrong)

    assert (stopped.code, stopped.value["codes"]) == (0, ["granted"])
    assert all(name in stopped.err for name in wrong)
    assert shown.code == 3
    assert command(None, *at, "kill", "release", "all", **wrong).code == 2


def test_a_file_of_settings_that_cannot_be_read_does_not_say_whom_to_stop(
    workspace: Path, command: Command
) -> None:
    """Where the file alone says which home there is, the stop is refused and says how to name the
    home; where the environment says so, the stop is made.
    """
    with (workspace / "interlock.toml").open("a", encoding="utf-8") as file:
        file.write("tenant = \n")
    stop = ("--workspace", str(workspace), "kill", "engage", "all")
    home = workspace / "home"
    named = {
        "INTERLOCK_HOME": str(home),
        "INTERLOCK_DATABASE": sqlite_url(home / "interlock.db"),
    }
    refused = command(None, *stop)

    assert (refused.code, "INTERLOCK_DATABASE" in refused.err) == (2, True)
    assert command(None, *stop, **named).code == 0


@pytest.mark.parametrize(
    "written",
    [
        {"bundle": "folder"},
        {"people": "folder"},
        {"people": "file/below"},
        {"policies": "file"},
        {"witness.folder": "file"},
        {"witness.folder": "file/below"},
        {"opa_server": "no host:1"},
        {"opa_server": "[::1:1", "opa_tls": "true"},
    ],
    ids=str,
)
async def test_a_setting_that_leads_nowhere_keeps_nobody_from_stopping(
    tmp_path: Path, written: dict[str, str]
) -> None:
    """What is written well and cannot be reached is found when a desk opens, which opens."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    chosen = {
        name: str(tmp_path / value) if settings_by_name()[name].is_path else value
        for name, value in written.items()
    }
    settings = open_workspace({}, chosen={"home": str(tmp_path / "home")} | chosen)
    async with opened(settings.settings) as desk:
        await kill_switches.engage(desk, "all", "", person=desk.stopper(None))
        switches = await KillSwitches(desk.storage.store).list()

    assert [switch.scope for switch in switches] == ["all"]


def test_an_undecided_stop_is_in_the_record(workspace: Path, command: Command) -> None:
    """The entry of the act says that no policy answered, the switch's own entry follows."""
    at = ("--workspace", str(workspace))
    broken_data(workspace)
    command(None, *at, "kill", "engage", "all")
    command(None, *at, "kill", "release", "all")
    (workspace / "policies" / "data.yaml").unlink()

    told = [
        (entry["event"], entry.get("tool"), entry.get("codes"))
        for entry in entries(command, workspace)
    ]
    assert told == [
        ("act", "kill_switch.engage", ["pdp_unavailable"]),
        ("kill_switch", None, None),
        ("act", "kill_switch.release", ["pdp_unavailable"]),
    ]
    assert command(None, *at, "audit", "verify").code == 0


def test_an_agent_that_does_not_import_keeps_nobody_from_stopping(
    workspace: Path, command: Command
) -> None:
    """Without any agent a tool is stopped by the name that the policy has, and released again."""
    with (workspace / "interlock.toml").open("a", encoding="utf-8") as file:
        file.write('agents = ["nowhere:Agent"]\n')
    at = ("--workspace", str(workspace))

    stopped = command(None, *at, "kill", "engage", "tool", "mail.send", "--json")
    assert (stopped.code, stopped.value["codes"]) == (0, ["granted"])
    assert command(None, *at, "kill", "engage", "tool", "mail.sned").code == 2
    assert command(None, *at, "kill", "release", "tool", "mail.send").code == 0
    assert command(None, *at, "kill", "show").code == 0


def test_a_list_of_people_that_cannot_be_read_keeps_nobody_from_stopping(
    workspace: Path, command: Command
) -> None:
    """Whoever stops needs no role; whoever releases does, so the list is asked for then."""
    (workspace / "home").mkdir()
    (workspace / "home" / "people.yaml").write_text("people: 7\n", "utf-8")
    at = ("--workspace", str(workspace))

    assert command(None, *at, "kill", "engage", "all").code == 0
    assert command(None, *at, "kill", "release", "all").code == 2
    assert command(None, *at, "kill", "show").code == 3


def test_a_tool_that_nobody_can_look_up_is_stopped_by_its_name(
    workspace: Path, command: Command
) -> None:
    """Where no policy names the tools, a name is taken as it is, and the answer says so."""
    broken_data(workspace)
    at = ("--workspace", str(workspace))
    stopped = command(None, *at, "kill", "engage", "tool", "mail.sned", "--json")

    assert (stopped.code, stopped.value["checked"]) == (0, False)


def test_a_release_says_whether_anything_was_let_go(
    workspace: Path, command: Command
) -> None:
    """Whoever misspells what they let go reads that it was not engaged, and what was stays so."""
    at = ("--workspace", str(workspace))
    command(None, *at, "kill", "engage", "tool", "mail.send")
    typo = command(None, *at, "kill", "release", "tool", "mail.sned", "--json")
    still = command(None, *at, "kill", "show")
    right = command(None, *at, "kill", "release", "tool", "mail.send", "--json")

    assert (typo.code, typo.value["was_engaged"]) == (0, False)
    assert still.code == 3
    assert (right.code, right.value["was_engaged"]) == (0, True)


def test_a_switch_for_nobody_is_refused(workspace: Path, command: Command) -> None:
    """A misspelt tenant or tool stops nothing, so the near names are told; a name that is yet to
    come is taken when it is asked for, and the answer says that nobody looked it up.
    """
    at = ("--workspace", str(workspace))
    typo = command(None, *at, "kill", "engage", "tenant", "defualt")
    known = command(None, *at, "kill", "engage", "tenant", "default", "--json")
    coming = command(
        None, *at, "kill", "engage", "tenant", "acme", "--anyway", "--json"
    )

    assert (typo.code, "default" in typo.err) == (2, True)
    assert (known.code, known.value["checked"]) == (0, True)
    assert (coming.code, coming.value["checked"]) == (0, False)
    switches = command(None, *at, "kill", "show", "--json").value
    assert [switch["id"] for switch in switches] == ["acme", "default"]
