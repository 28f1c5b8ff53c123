"""What may be imported by whom."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

Modules = Mapping[Path, ast.Module]


@pytest.fixture(scope="session")
def project(root: Path) -> dict[str, Any]:
    """What pyproject.toml says of the project."""
    project: dict[str, Any] = tomllib.loads(
        (root / "pyproject.toml").read_text("utf-8")
    )["project"]
    return project


def test_imports_point_down(root: Path) -> None:
    """Every contract of import-linter is kept, the one that denies agents the outside world among
    them.
    """
    command: list[str | Path] = [Path(sys.prefix, "bin", "lint-imports"), "--no-cache"]
    done = subprocess.run(  # noqa: S603 - our own tool
        command, cwd=root, check=False, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_imports_the_tests(code: Modules) -> None:
    """The product stands without its tests."""
    assert [
        f"{path}: {name}"
        for path, name in _imported(code)
        if name in {"tests", "conftest", "pytest"}
    ] == []


def test_what_the_product_imports_is_installed_with_it(
    code: Modules, project: dict[str, Any]
) -> None:
    """Every package that a folder of the product imports is a declared dependency, for `evals` also
    one of `dev`; an example is a package of its own.
    """
    extras = project["optional-dependencies"]
    product = _named(
        [
            *project["dependencies"],
            *(each for name in extras if name != "dev" for each in extras[name]),
        ]
    )
    everything = product | _named(extras["dev"])
    providers = packages_distributions()
    missing = [
        f"{path} imports {name}"
        for path, name in _imported(code)
        if path.parts[:2] != ("evals", "examples")
        and name not in sys.stdlib_module_names | {"interlock", "tests"}
        and not _named(providers.get(name, [name]))
        & (everything if path.parts[0] == "evals" else product)
    ]

    assert missing == []


def _imported(modules: Modules) -> Iterator[tuple[Path, str]]:
    for path, tree in modules.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name.split(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                yield path, node.module.split(".")[0]


def _named(requirements: list[str]) -> set[str]:
    return {
        re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", each, maxsplit=1)[0]).lower()
        for each in requirements
    }


def test_an_example_is_written_against_the_public_names(modules: Modules) -> None:
    """An example imports nothing of Interlock but its public modules."""
    public = {"interlock", "interlock.errors", "interlock.testing"}
    imported = [
        (path, node.module)
        for path, tree in modules.items()
        if path.parts[:2] == ("evals", "examples")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
    ]

    assert imported
    assert [
        f"{path} imports {name}"
        for path, name in imported
        if name.startswith("interlock") and name not in public
    ] == []
