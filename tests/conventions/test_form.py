"""How much code stands in a file, in a function and on a line.

Sizes are counted in tokens, so that nothing is gained by density. Comments, docstrings and line
ends do not count.
"""

import ast
import io
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

#: Tokens
_FILE: Final = 2_000
_FUNCTION: Final = 250
#: Tokens on a line of code, over the whole product
_DENSITY: Final = 7.5
#: One sequence or one table of options that is easier to read whole
_WHOLE: Final = "its steps are read in one piece, and none of them is used elsewhere"
#: File: how many tokens it may have, and why. An entry only ever shrinks
LONG_FILES: Final[Mapping[str, tuple[int, str]]] = {
    "runtime/record/audit_verify.py": (
        3911,
        "it must be one file that needs nothing of ours: an auditor takes it away alone",
    ),
}
#: "file:function": how many tokens it may have, and why. An entry only ever shrinks
LONG_FUNCTIONS: Final[Mapping[str, tuple[int, str]]] = {
    "evals/examples/invoices/invoices/agent.py:build": (336, _WHOLE),
    "serving/cli/run_list.py:list_runs": (273, _WHOLE),
    "serving/workspace.py:_values": (276, _WHOLE),
}


def test_a_file_fits_in_the_head(sizes: Any) -> None:
    """A file has at most 2,000 tokens, or a listed number with its reason."""
    lengths = {name: size.tokens for name, size in sizes.files.items()}

    assert _too_long(lengths, LONG_FILES, _FILE) == {}


def test_a_function_fits_on_a_screen(sizes: Any) -> None:
    """A function has at most 250 tokens, or a listed number with its reason."""
    lengths = {name: size.tokens for name, size in sizes.functions.items()}

    assert _too_long(lengths, LONG_FUNCTIONS, _FUNCTION) == {}


def test_a_line_says_one_thing(sizes: Any) -> None:
    """Over the whole product, a line of code has no more tokens than a person reads at a glance."""
    tokens = sum(size.tokens for size in sizes.files.values())
    lines = sum(size.lines for size in sizes.files.values())

    assert tokens / lines <= _DENSITY


def test_no_exception_outlives_its_need(sizes: Any) -> None:
    """What is listed as too long exists and still is."""
    files = {name: size.tokens for name, size in sizes.files.items()}
    functions = {name: size.tokens for name, size in sizes.functions.items()}

    assert [name for name in LONG_FILES if files.get(name, 0) <= _FILE] == []
    assert [
        name for name in LONG_FUNCTIONS if functions.get(name, 0) <= _FUNCTION
    ] == []


def test_only_a_table_keeps_its_own_form(
    root: Path, modules: Mapping[Path, ast.Module]
) -> None:
    """The formatter is switched off for tables of literals only, where columns carry meaning."""
    assert [
        f"{path}:{line}"
        for path, tree in modules.items()
        for line in _unformatted((root / path).read_text("utf-8"))
        if not _in_a_table(tree, line)
    ] == []


def _too_long(
    lengths: Mapping[str, int], listed: Mapping[str, tuple[int, str]], limit: int
) -> dict[str, int]:
    return {
        name: length
        for name, length in lengths.items()
        if length > listed.get(name, (limit, ""))[0]
    }


def _unformatted(source: str) -> Iterator[int]:
    """Yield each line with a comment that switches the formatter off."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        comment = token.string.replace(" ", "")
        if token.type == tokenize.COMMENT and comment.startswith(
            ("#fmt:skip", "#fmt:off")
        ):
            yield token.start[0]


def _in_a_table(tree: ast.Module, line: int) -> bool:
    """Whether *line* belongs to an assignment of a list, tuple, dict or set of literals."""
    return any(
        node.lineno <= line <= (node.end_lineno or node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign) and _is_literal(node.value)
    )


def _is_literal(value: ast.expr | None) -> bool:
    if not isinstance(value, ast.List | ast.Tuple | ast.Dict | ast.Set):
        return False
    plain = (
        ast.expr_context,
        ast.Constant,
        ast.List,
        ast.Tuple,
        ast.Dict,
        ast.Set,
        ast.UnaryOp,
    )
    return all(isinstance(node, (*plain, ast.unaryop)) for node in ast.walk(value))
