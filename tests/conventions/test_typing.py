"""What the types forbid, proved by snippets that mypy must refuse."""

import re
from pathlib import Path
from typing import Final, TypeAlias

import pytest
from mypy import api

_SNIPPETS: Final = sorted(Path(__file__).parent.joinpath("typing").glob("*.py"))
#: Line number and error code
Refusals: TypeAlias = set[tuple[int, str]]


@pytest.fixture(scope="session")
def refused(root: Path) -> dict[str, Refusals]:
    """What mypy refuses in each snippet, under the settings of the house."""
    configuration = [
        "--config-file",
        str(root / "pyproject.toml"),
        "--no-pretty",
        "--hide-error-context",
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        printed, broken, _ = api.run(
            [*configuration, *(str(path.relative_to(root)) for path in _SNIPPETS)]
        )
    assert not broken
    found: dict[str, Refusals] = {path.name: set() for path in _SNIPPETS}
    for place, line, code in re.findall(
        r"^(\S+?):(\d+): error: .*\[([a-z-]+)\]$", printed, re.MULTILINE
    ):
        found.setdefault(Path(place).name, set()).add((int(line), code))
    return found


@pytest.mark.parametrize("snippet", _SNIPPETS, ids=lambda path: path.stem)
def test_the_types_refuse(refused: dict[str, Refusals], snippet: Path) -> None:
    """Exactly the lines marked `# refused: codes` are refused, each for those reasons."""
    lines = enumerate(snippet.read_text("utf-8").splitlines(), start=1)
    marked = ((number, line.partition("# refused: ")[2]) for number, line in lines)
    expected = {
        (number, code)
        for number, codes in marked
        if codes
        for code in codes.split(", ")
    }

    assert expected
    assert expected == refused[snippet.name]
