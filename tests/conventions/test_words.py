"""What must be said, how, and what must not."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TypeAlias

Modules: TypeAlias = Mapping[Path, ast.Module]
Documented: TypeAlias = (
    ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
)

_CODE: Final = r"[A-Z]+[0-9]+"
#: How each suppression begins, and how a good one reads as a whole
_SUPPRESSIONS: Final = {
    r"#\s*noqa": rf"# noqa: {_CODE}(, {_CODE})* - \S.*",
    r"#\s*type:\s*ignore": r"# type: ignore\[[a-z-]+(, [a-z-]+)*\]  # \S.*",
    r"#\s*pragma": r"# pragma: no (cover|branch) - \S.*",
    r"#\s*(ruff|mypy|flake8|pylint|pyright)\s*:": r"(?!)",
}
_UNFINISHED: Final = re.compile(
    r"\b(?:TODO|FIXME|XXX|HACK)\b|(?<![\w&])#\d+\b|\b[Ii]ssue \d+"
)
_COMMENTED: Final = frozenset({".py", ".rego", ".sh", ".toml", ".yaml", ".yml", ""})


def test_everything_public_says_what_it_is(code: Modules) -> None:
    """Every public module, class and function of the product has a docstring."""
    assert [
        f"{path}:{getattr(node, 'lineno', 1)} {getattr(node, 'name', 'module')}"
        for path, tree in code.items()
        for node in _public(tree)
        if not ast.get_docstring(node)
    ] == []


def test_every_test_states_its_rule(specs: Modules) -> None:
    """Every test has a docstring that begins with one sentence, so that a failure reads as the
    broken rule.
    """
    assert [
        f"{path}:{test.lineno} {test.name}"
        for path, test in _tests(specs)
        if not _sentence(test)
    ] == []


def test_every_suppression_names_its_code_and_its_reason(
    root: Path, modules: Modules
) -> None:
    """An ignored finding reads `# noqa: X - reason` or `# type: ignore[x]  # reason`, and never
    covers a whole file.
    """
    assert [
        f"{path}:{line} {comment}"
        for path in modules
        for line, comment in _comments(root / path)
        for begins, good in _SUPPRESSIONS.items()
        if (found := re.search(begins, comment))
        and not re.fullmatch(good, comment[found.start() :])
    ] == []


def test_nothing_is_left_for_later(root: Path, tracked: list[Path]) -> None:
    """No comment or docstring carries a reminder or the number of an issue: both belong to the
    tracker.
    """
    assert [
        f"{path}:{line} {comment.strip()}"
        for path in tracked
        if path.suffix in _COMMENTED and path.name not in {"LICENSE", "NOTICE"}
        for line, comment in _remarks(root / path)
        if _UNFINISHED.search(comment)
    ] == []


def _public(tree: ast.Module) -> Iterator[Documented]:
    yield tree
    scopes: list[ast.Module | ast.ClassDef] = [tree]
    while scopes:
        for node in scopes.pop().body:
            if (
                isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
                and node.name[0] != "_"
            ):
                yield node
                if isinstance(node, ast.ClassDef):
                    scopes.append(node)


def _tests(
    specs: Modules,
) -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path, tree in specs.items():
        for node in ast.walk(tree):
            if isinstance(
                node, ast.FunctionDef | ast.AsyncFunctionDef
            ) and node.name.startswith("test"):
                yield path, node


def _sentence(test: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    said = " ".join((ast.get_docstring(test) or "").partition("\n\n")[0].split())
    return said.endswith(".") and re.search(r"[.!?] [A-Z]", said) is None


def _comments(path: Path) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(
        io.StringIO(path.read_text("utf-8")).readline
    ):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _remarks(path: Path) -> Iterator[tuple[int, str]]:
    """The comments of any file, and the docstrings of a Python one."""
    if path.suffix != ".py":
        lines = enumerate(path.read_text("utf-8").splitlines(), start=1)
        yield from (
            (number, line[line.index("#") + 1 :])
            for number, line in lines
            if "#" in line
        )
        return
    yield from ((number, comment[1:]) for number, comment in _comments(path))
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, Documented):
            yield getattr(node, "lineno", 1), ast.get_docstring(node) or ""
