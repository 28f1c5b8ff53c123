"""Where things are, what they are called, and how long they may be."""

import ast
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

_FILE: Final = 250
_FUNCTION: Final = 30
_BANNED: Final = frozenset(
    "base common core helper helpers manager managers misc types util utils".split()  # noqa: SIM905 - words read best so
)
#: File: how many lines it may have, and why. An entry only ever shrinks
LONG_FILES: Final[Mapping[str, tuple[int, str]]] = {
    "runtime/record/audit_verify.py": (
        320,
        "it must be one file that needs nothing of ours: an auditor takes it away alone",
    ),
}
#: "file:function": how many lines it may have, and why. An entry only ever shrinks
LONG_FUNCTIONS: Final[Mapping[str, tuple[int, str]]] = {}

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


def test_a_file_fits_in_the_head(root: Path, code: Modules) -> None:
    """A file has at most 250 lines, or a listed number with its reason."""
    lengths = {str(path): len((root / path).read_text("utf-8").splitlines()) for path in code}

    assert _too_long(lengths, LONG_FILES, _FILE) == {}


def test_a_function_fits_on_a_screen(code: Modules) -> None:
    """A function has at most 30 lines besides its docstring, or a listed number with its reason."""
    lengths = {
        f"{path}:{node.name}": _length(node)
        for path, tree in code.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert _too_long(lengths, LONG_FUNCTIONS, _FUNCTION) == {}


def test_no_exception_outlives_its_need(root: Path, code: Modules) -> None:
    """What is listed as too long exists and still is."""
    lengths = {str(path): len((root / path).read_text("utf-8").splitlines()) for path in code}
    functions = {
        f"{path}:{node.name}": _length(node)
        for path, tree in code.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert [name for name in LONG_FILES if lengths.get(name, 0) <= _FILE] == []
    assert [name for name in LONG_FUNCTIONS if functions.get(name, 0) <= _FUNCTION] == []


def _too_long(
    lengths: Mapping[str, int], listed: Mapping[str, tuple[int, str]], limit: int
) -> dict[str, int]:
    return {
        name: found for name, found in lengths.items() if found > listed.get(name, (limit, ""))[0]
    }


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring
