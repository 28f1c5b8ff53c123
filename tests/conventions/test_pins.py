"""What gets installed: exactly what was pinned, from wherever the machine fetches packages."""

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_HOSTS: Final = (
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("proxy", "golang", "org"),
    ("sum", "golang", "org"),
    ("npmjs", "org"),
    ("crates", "io"),
    ("docker", "io"),
    ("ghcr", "io"),
    ("gcr", "io"),
    ("quay", "io"),
    ("anaconda", "org"),
)
_FILES: Final = (
    "constraints.txt",
    "constraints-dev.txt",
    ".ci/house.txt",
    ".ci/go.txt",
)
_PIN: Final = re.compile(r"^([a-z0-9][\w.-]*)==([\w.!+]+)(?: ; (.*?))? \\$")


@pytest.fixture(scope="session")
def declared(root: Path) -> dict[str, list[Requirement]]:
    """What pyproject.toml asks for, by the file that pins it."""
    document: dict[str, Any] = tomllib.loads(
        (root / "pyproject.toml").read_text("utf-8")
    )
    project, groups = document["project"], document["dependency-groups"]
    asked = {
        "constraints.txt": project["dependencies"],
        "constraints-dev.txt": [
            *project["dependencies"],
            *project["optional-dependencies"]["dev"],
        ],
        ".ci/house.txt": groups["house"],
        ".ci/go.txt": groups["go"],
    }
    return {
        file: [Requirement(each) for each in requirements]
        for file, requirements in asked.items()
    }


@pytest.mark.parametrize("file", [*_FILES, ".ci/vllm.txt"])
def test_every_pin_is_exact_and_has_its_hashes(root: Path, file: str) -> None:
    """Each package has one version and the hashes of its files, and no line says where to fetch
    it.
    """
    lines = [
        line
        for line in (root / file).read_text("utf-8").splitlines()
        if not line.lstrip().startswith("#")
    ]
    text = "\n".join(lines)

    for pin in re.split(r"\n(?=\S)", text):
        first, *hashes = pin.splitlines()
        assert _PIN.match(first), first
        assert hashes, first
        assert [
            each
            for each in hashes
            if not re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?", each)
        ] == []


@pytest.mark.parametrize("file", _FILES)
def test_the_pins_are_in_step_with_the_project(
    root: Path, declared: dict[str, list[Requirement]], file: str
) -> None:
    """Every declared dependency is pinned to a version that its bounds allow; `make pins` puts them
    in step.
    """
    pins = _pins(root / file)

    for requirement in declared[file]:
        if requirement.name != "interlock":
            versions = pins.get(canonicalize_name(requirement.name), [])
            assert versions, requirement
            assert all(
                requirement.specifier.contains(version) for version in versions
            ), requirement


def test_what_is_tested_is_what_runs(root: Path) -> None:
    """The tests run on the very versions that the product is installed with."""
    running, testing = (
        _pins(root / "constraints.txt"),
        _pins(root / "constraints-dev.txt"),
    )

    assert running == {name: testing.get(name) for name in running}


def test_no_file_names_a_registry(root: Path, tracked: list[Path]) -> None:
    """Packages come from where the machine is told to fetch them; no file of ours names a host for
    it, except what says where the images of a deployment lie.
    """
    hosts = re.compile("|".join(rf"\b{re.escape('.'.join(host))}\b" for host in _HOSTS))

    assert [
        f"{path}: {found[0].decode()}"
        for path in tracked
        if path.parts[0] != "deploy"
        and (found := re.findall(hosts.pattern.encode(), (root / path).read_bytes()))
    ] == []


def _pins(file: Path) -> dict[str, list[str]]:
    pins: dict[str, list[str]] = {}
    for name, version, _ in filter(
        None, (_parsed(line) for line in file.read_text("utf-8").splitlines())
    ):
        pins.setdefault(canonicalize_name(name), []).append(version)
    return pins


def _parsed(line: str) -> tuple[str, str, str] | None:
    match = _PIN.match(line)
    return (match[1], match[2], match[3] or "") if match else None
