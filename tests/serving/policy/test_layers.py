"""Data files of a workspace are read strictly and laid over the shipped data by stated rules."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from interlock.serving.policy.finding import Unfit
from interlock.serving.policy.layers import merged, origin, read

Written: TypeAlias = Callable[[str, str], Path]

BELOW = {"grants": {"a": ["x", "y"], "b": ["z"]}, "limits": {"refusals": 5}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("grants: {c: [x]}", {"a": ["x", "y"], "b": ["z"], "c": ["x"]}),
        ("grants: {a: [z]}", {"a": ["z"], "b": ["z"]}),
        ("grants: {a: null}", {"b": ["z"]}),
        ("grants: {a: {}}", {"a": {}, "b": ["z"]}),
        ("grants: {c: null}", {"a": ["x", "y"], "b": ["z"]}),
        ("", {"a": ["x", "y"], "b": ["z"]}),
    ],
    ids=[
        "a new key",
        "a list replaces",
        "null removes",
        "a map over a list",
        "nothing",
        "empty",
    ],
)
def test_maps_merge_lists_replace_and_null_removes(
    written: Written, text: str, expected: dict[str, object]
) -> None:
    """Each of the three rules holds at every depth, and the data below is not changed."""
    config = merged(BELOW, read(written("data.yaml", text)))

    assert config == {"grants": expected, "limits": {"refusals": 5}}
    assert BELOW["grants"] == {"a": ["x", "y"], "b": ["z"]}


def test_several_files_have_no_order(written: Written) -> None:
    """Files that set different places are one layer, each is known as the origin of its places."""
    written("data.yaml", "grants: {c: [x]}")
    layers = read(written("more.yml", "limits: {refusals: 7}"))

    assert merged(BELOW, layers)["limits"] == {"refusals": 7}
    assert merged(BELOW, layers[::-1]) == merged(BELOW, layers)
    assert origin(layers, ("limits", "refusals")) == "policies/more.yml"
    assert origin(layers, ("grants", "c", "0")) == "policies/data.yaml"
    assert origin(layers, ("tools",)) == "the shipped rails"


@pytest.mark.parametrize(
    "other", ["grants: {c: [y]}", "grants: []", "grants: {c: null}"]
)
def test_two_files_may_not_set_one_place(written: Written, other: str) -> None:
    """Which of two values holds is never a matter of file names."""
    written("data.yaml", "grants: {c: [x]}")
    with pytest.raises(Unfit) as caught:
        read(written("more.yaml", other))

    assert [finding.code for finding in caught.value.findings] == ["set_twice"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"grants: [", "not_yaml"),
        (b"grants: {a: [x]}\ngrants: {b: [y]}", "not_yaml"),
        (b"1: x", "not_yaml"),
        (b"a: !!python/object:os.system x", "not_yaml"),
        (b"- x", "wrong_type"),
        (b"\xff\xfe\x00", "unreadable"),
        (b"a: \x00", "not_yaml"),
        (b"[" * 5000, "not_yaml"),
        (b"a: &a {x: 1}\nb: *a", "not_yaml"),
    ],
)
def test_a_file_that_is_no_map_is_refused(
    tmp_path: Path, content: bytes, code: str
) -> None:
    """A broken file is one finding that names it, never a traceback and never no data."""
    (tmp_path / "data.yaml").write_bytes(content)
    with pytest.raises(Unfit) as caught:
        read(tmp_path)

    (finding,) = caught.value.findings
    assert (finding.code, finding.where) == (code, f"{tmp_path.name}/data.yaml")
    assert caught.value.exit_code == 2


def test_a_folder_that_is_not_there_has_no_layers(tmp_path: Path) -> None:
    """A workspace without policies has the shipped ones."""
    assert read(tmp_path / "policies") == ()
