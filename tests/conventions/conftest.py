"""The tree as the conventions see it: every file that is or will be committed, and the code parsed
once.
"""

import ast
import subprocess
from pathlib import Path
from typing import TypeAlias

import pytest

#: Each Python file by its path from the root, parsed
Modules: TypeAlias = dict[Path, ast.Module]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def tracked(root: Path) -> list[Path]:
    """Every file that git tracks or would add, as a path from the root."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)  # noqa: S603 - a fixed command
    paths = (Path(name) for name in listed.stdout.split("\0") if name)
    return sorted(path for path in paths if (root / path).is_file())


@pytest.fixture(scope="session")
def modules(root: Path, tracked: list[Path]) -> Modules:
    """Every Python file."""
    return {path: ast.parse((root / path).read_bytes()) for path in tracked if path.suffix == ".py"}


@pytest.fixture(scope="session")
def code(modules: Modules, folders: tuple[str, ...]) -> Modules:
    """The Python files of the product."""
    return {path: tree for path, tree in modules.items() if path.parts[0] in folders}


@pytest.fixture(scope="session")
def specs(modules: Modules) -> Modules:
    """The files with tests in them."""
    return {path: tree for path, tree in modules.items() if path.name.startswith("test_")}


@pytest.fixture(scope="session")
def folders() -> tuple[str, ...]:
    """The folders of the house that hold code, lowest layer first."""
    return ("runtime", "tools", "agents", "serving", "evals")
