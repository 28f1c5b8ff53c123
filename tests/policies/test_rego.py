"""Conventions of our Rego that neither the compiler nor the formatter holds."""

import re
from pathlib import Path

import pytest

from interlock.serving.policy.build import POLICIES

_FILES = sorted(POLICIES.glob("rails/**/*.rego"))
_SOURCES = [file for file in _FILES if not file.stem.endswith("_test")]


@pytest.mark.parametrize("file", _SOURCES, ids=lambda file: file.stem)
def test_no_negation_takes_a_value_that_may_be_missing(file: Path) -> None:
    """`not f(input.x)` is undefined, not true, when x is missing: OPA reads the argument outside
    the negation.

    So only rules without arguments, and functions of values already found, are negated.
    """
    negations = re.findall(r"\bnot (.*)", file.read_text())
    assert not [
        words for words in negations if re.search(r"\b(input|data)\b|\[| in ", words)
    ]


@pytest.mark.parametrize("file", _SOURCES, ids=lambda file: file.stem)
def test_every_verb_has_metadata(file: Path) -> None:
    """The first allow, deny and oblige of a rule, and every package, say what they are for."""
    text = file.read_text()
    for verb in ("package", "allow", "deny", "oblige"):
        first = re.search(rf"^(.*)\n{verb}\b", text, re.MULTILINE)
        assert first is None or first[1].startswith("# "), verb


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.stem)
def test_files_are_short(file: Path) -> None:
    """A rule fits on a few screens, and its lines on one."""
    lines = file.read_text().splitlines()
    assert len(lines) <= 250
    assert not [line for line in lines if len(line.expandtabs(4)) > 120]


@pytest.mark.parametrize("file", _SOURCES, ids=lambda file: file.stem)
def test_every_source_has_a_test_beside_it(file: Path) -> None:
    """A rule without a test does not exist."""
    assert file.with_name(f"{file.stem}_test.rego") in _FILES
