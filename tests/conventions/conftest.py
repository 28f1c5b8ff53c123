"""The tree as the conventions see it: every file that is or will be committed, parsed and measured
once.
"""

import ast
import io
import subprocess
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import pytest

#: Each Python file by its path from the root, parsed
Modules: TypeAlias = dict[Path, ast.Module]
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

#: What the tokenizer tells besides the code: where lines, blocks and comments begin and end
_LAYOUT: Final = frozenset(
    {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENCODING,
        tokenize.ENDMARKER,
    }
)
#: From Python 3.12 on an f-string is several tokens; here it counts as one, as before
_FSTRING_START: Final = getattr(tokenize, "FSTRING_START", None)
_FSTRING_END: Final = getattr(tokenize, "FSTRING_END", None)


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much code there is: docstrings and comments do not count."""

    tokens: int
    lines: int


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """The product, measured: by file, and by "file:function"."""

    files: dict[str, Size]
    functions: dict[str, Size]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def tracked(root: Path) -> list[Path]:
    """Every file that git tracks or would add, as a path from the root."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(  # noqa: S603 - a fixed command
        command, cwd=root, check=True, capture_output=True, text=True
    )
    paths = (Path(name) for name in listed.stdout.split("\0") if name)
    return sorted(path for path in paths if (root / path).is_file())


@pytest.fixture(scope="session")
def modules(root: Path, tracked: list[Path]) -> Modules:
    """Every Python file."""
    return {
        path: ast.parse((root / path).read_bytes())
        for path in tracked
        if path.suffix == ".py"
    }


@pytest.fixture(scope="session")
def code(modules: Modules, folders: tuple[str, ...]) -> Modules:
    """The Python files of the product."""
    rooms = {"src", *folders}
    return {
        path: tree
        for path, tree in modules.items()
        if path.parts[0] in rooms and "tests" not in path.parts
    }


@pytest.fixture(scope="session")
def specs(modules: Modules) -> Modules:
    """The files with tests in them."""
    return {
        path: tree for path, tree in modules.items() if path.name.startswith("test_")
    }


@pytest.fixture(scope="session")
def folders() -> tuple[str, ...]:
    """The folders of the house that hold code, lowest layer first."""
    return ("runtime", "tools", "agents", "serving", "evals")


@pytest.fixture(scope="session")
def sizes(root: Path, code: Modules) -> Sizes:
    """How long each file and each function of the product is."""
    files: dict[str, Size] = {}
    functions: dict[str, Size] = {}
    for path, tree in code.items():
        tokens = _tokens((root / path).read_text("utf-8"), tree)
        files[str(path)] = _size(tokens)
        for node in ast.walk(tree):
            if isinstance(node, Function):
                first = min(
                    [node.lineno, *(each.lineno for each in node.decorator_list)]
                )
                inside = [
                    token
                    for token in tokens
                    if first <= token.start[0] <= (node.end_lineno or 0)
                ]
                functions[f"{path}:{node.name}"] = _size(inside)
    return Sizes(files=files, functions=functions)


def _tokens(source: str, tree: ast.Module) -> list[tokenize.TokenInfo]:
    """Return the tokens of the code, without layout, comments and docstrings."""
    said = {line for node in ast.walk(tree) for line in _documentation(node)}
    kept = []
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == _FSTRING_END:
            depth -= 1
        elif depth == 0 and token.type not in _LAYOUT and token.start[0] not in said:
            kept.append(token)
        if token.type == _FSTRING_START:
            depth += 1
    return kept


def _documentation(node: ast.AST) -> Iterator[int]:
    """Yield the lines of a string that stands as a statement: the docstring of what is around it
    or before it.
    """
    if (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ):
        yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _size(tokens: list[tokenize.TokenInfo]) -> Size:
    lines = {
        line for token in tokens for line in range(token.start[0], token.end[0] + 1)
    }
    return Size(tokens=len(tokens), lines=len(lines))
