"""Where things are and what they are called."""

import ast
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

_BANNED: Final = frozenset(
    {
        "base",
        "common",
        "core",
        "helper",
        "helpers",
        "manager",
        "managers",
        "misc",
        "types",
        "util",
        "utils",
    }
)
Modules = Mapping[Path, ast.Module]


@pytest.mark.parametrize("name", ["agents", "evals", "runtime", "serving", "tools"])
def test_each_folder_is_imported_under_one_name(root: Path, name: str) -> None:
    """The package has one relative link per folder, and the import name resolves to that folder of
    this repository.
    """
    link = root / "src" / "interlock" / name
    spec = find_spec(f"interlock.{name}")

    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert link.resolve() == root / name
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).resolve() == root / name / "__init__.py"


def test_a_file_is_named_after_its_subject(code: Modules) -> None:
    """No file or folder has a name that says nothing about the domain."""
    assert [str(path) for path in code if _BANNED & {*path.parts[:-1], path.stem}] == []
