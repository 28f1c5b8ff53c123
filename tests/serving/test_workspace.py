"""A workspace: where settings come from, which goes before which, and what is refused by name."""

import os
from pathlib import Path

import pytest

from interlock.runtime.errors import BadInput
from interlock.serving.origins import settings_by_name
from interlock.serving.settings import BUNDLE
from interlock.serving.workspace import (
    FILE,
    Workspace,
    open_workspace,
    read,
)


def written(folder: Path, text: str) -> Path:
    """Write a workspace's file and return its folder."""
    folder.mkdir(exist_ok=True)
    (folder / FILE).write_text(text, "utf-8")
    return folder


def opened(folder: Path, text: str, **variables: str) -> Workspace:
    """Open the workspace whose file has *text*."""
    return open_workspace(variables, place=written(folder, text))


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(
    tmp_path: Path,
) -> None:
    """Each value knows where it was written: an option, a variable, or a line of the file."""
    text = 'tenant = "filed"\nsender = "a@b.example"\n[limits]\nsteps = 3\n'
    place = written(tmp_path, text)
    variables = {"INTERLOCK_TENANT": "named", "INTERLOCK_HOME": str(tmp_path / "named")}
    workspace = open_workspace(
        variables, place=place, chosen={"home": str(tmp_path / "chosen")}
    )
    settings = workspace.settings
    origins = {name: origin.where for name, origin in workspace.origins.items()}

    assert (settings.home.name, settings.tenant) == ("chosen", "named")
    assert (settings.sender, settings.limits.steps) == ("a@b.example", 3)
    assert origins == {
        "home": "--home",
        "tenant": "INTERLOCK_TENANT",
        "sender": f"{tmp_path / FILE}:2",
        "limits.steps": f"{tmp_path / FILE}:4",
    }


def test_a_path_of_the_file_starts_at_its_folder(tmp_path: Path) -> None:
    """A workspace can be moved, and used from any folder."""
    settings = opened(tmp_path, 'home = "state"\npeople = "people.yaml"\n').settings

    assert (settings.home, settings.people) == (
        tmp_path / "state",
        tmp_path / "people.yaml",
    )
    assert str(tmp_path / "state" / "interlock.db") in settings.database


def test_a_workspace_is_found_from_below(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nearest folder above that has the file is the workspace."""
    (written(tmp_path, 'tenant = "acme"\n') / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")

    assert open_workspace({}).settings.tenant == "acme"
    assert (
        open_workspace({"INTERLOCK_WORKSPACE": str(tmp_path)}).file == tmp_path / FILE
    )


def test_without_a_file_the_defaults_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing has to be set: the home is that of whoever asks, the policy the shipped one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    assert open_workspace({}).file is None
    assert read({}).home == tmp_path / ".interlock"
    assert read({}).bundle == BUNDLE


def test_every_setting_has_a_variable_of_its_own() -> None:
    """A variable names one setting, and is made from the setting's name."""
    variables = [setting.variable for setting in settings_by_name().values()]

    assert len(set(variables)) == len(variables)
    assert {"INTERLOCK_HOME", "INTERLOCK_MODEL_NAME", "INTERLOCK_LIMITS_STEPS"} <= set(
        variables
    )
    assert all(setting.about for setting in settings_by_name().values())


WRONG: dict[str, dict[str, str]] = {
    "INTERLOCK_TENNANT": {"INTERLOCK_TENNANT": "x"},
    "INTERLOCK_HOME": {"INTERLOCK_HOME": "~nobody-of-this-name/x"},
    "INTERLOCK_SENDER": {"INTERLOCK_SENDER": "notanaddress"},
    "INTERLOCK_AUTONOMY": {"INTERLOCK_AUTONOMY": "lots"},
    "INTERLOCK_MODEL_NAME": {"INTERLOCK_MODEL_URL": "http://127.0.0.1:1/v1"},
    "INTERLOCK_MODEL_PRICE": {
        "INTERLOCK_MODEL_URL": "http://127.0.0.1:1/v1",
        "INTERLOCK_MODEL_NAME": "m",
        "INTERLOCK_MODEL_PRICE": "1.5",
    },
    "INTERLOCK_MODEL_URL": {
        "INTERLOCK_MODEL_URL": "http://model.example/v1",
        "INTERLOCK_MODEL_NAME": "m",
    },
    "INTERLOCK_PROXY": {"INTERLOCK_PROXY": "proxy.example:3128"},
    "INTERLOCK_CLEARANCES": {"INTERLOCK_CLEARANCES": "example.com"},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_variable_that_cannot_be_read_is_refused_by_name(name: str) -> None:
    """The variable that is wrong is named, and nothing is guessed in its place."""
    with pytest.raises(BadInput) as refused:
        open_workspace(WRONG[name])

    assert refused.value.what.split()[0] == name


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('tennant = "x"\n', ":1 tennant"),
        ("\nautonomy = 9\n", ":2 autonomy 9"),
        ("[limits]\nstep = 3\n", ":2 limits.step"),
        ("[limits]\nsteps = -3\n", ":2 limits.steps -3"),
        ("agents = [", ""),
        ('[clearances]\n"example.com" = "secret"\n', ":1 clearances"),
    ],
)
def test_a_line_that_cannot_be_read_is_refused_with_its_place(
    tmp_path: Path, text: str, where: str
) -> None:
    """The file, its line and the setting are named."""
    with pytest.raises(BadInput) as refused:
        opened(tmp_path, text)

    assert refused.value.what.startswith(f"{tmp_path / FILE}{where}")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("INTERLOCK_TENNANT", "INTERLOCK_TENANT"),
        ("INTERLOCK_MODEL", "INTERLOCK_MODEL_NAME"),
        ("INTERLOCK_CLEARENCES", "INTERLOCK_CLEARANCES"),
    ],
)
def test_a_misspelt_name_is_told_the_right_one(name: str, meant: str) -> None:
    """Whoever mistypes a variable is not left to guess."""
    with pytest.raises(BadInput) as refused:
        open_workspace({name: "x"})

    assert meant in refused.value.next_step


def test_a_secret_is_not_in_the_refusal(tmp_path: Path) -> None:
    """A key that has the wrong form is refused without being repeated."""
    with pytest.raises(BadInput) as refused:
        opened(tmp_path, 'opa_token = [ "s3cret" ]\n')

    assert "opa_token" in refused.value.what
    assert "s3cret" not in str(refused.value)


def test_a_file_that_others_may_write_is_not_taken_for_a_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings name code: a file that was found, not named, must be its owner's alone."""
    (written(tmp_path, 'tenant = "acme"\n') / FILE).chmod(0o666)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput):
        open_workspace({})

    assert open_workspace({}, place=tmp_path).settings.tenant == "acme"


def test_a_folder_that_others_may_write_is_not_taken_for_a_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its modules and policies/ are used: whoever may add files there says what is run."""
    written(tmp_path, 'tenant = "acme"\n')
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o777)
    with pytest.raises(BadInput):
        open_workspace({})

    tmp_path.chmod(0o700)
    assert open_workspace({}).settings.tenant == "acme"


def test_a_workspace_is_where_its_file_is_and_not_where_a_link_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link in somebody's folder does not make that folder's modules and policies ours."""
    real = tmp_path / "real"
    linked = tmp_path / "linked"
    for folder in (real, linked / "policies"):
        folder.mkdir(parents=True)
    written(real, 'tenant = "acme"\n')
    (linked / FILE).symlink_to(real / FILE)
    monkeypatch.chdir(linked)

    settings = open_workspace({}).settings

    assert (settings.modules, settings.policies) == (real, None)


def test_a_workspace_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A workspace that is named must exist; no other one is taken in its place."""
    with pytest.raises(BadInput) as refused:
        open_workspace({}, place=tmp_path)

    assert os.fspath(tmp_path) in refused.value.what
