"""What the documents point at is there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from interlock.serving.policy.configuration import OpenLimits, RunLimits

_LINK: Final = re.compile(r"\[[^\]\[]*\]\(<?([^)>\s]+)>?(?: \"[^\"]*\")?\)")
_CODE: Final = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="session")
def documents(root: Path, tracked: list[Path]) -> dict[Path, str]:
    """Every Markdown file and its text."""
    return {
        path: (root / path).read_text("utf-8")
        for path in tracked
        if path.suffix == ".md"
    }


@pytest.fixture(scope="session")
def targets(root: Path) -> dict[str, str]:
    """What `make` can be asked for, and what it says of it."""
    rules = re.findall(
        r"^([a-z][\w-]*):[^\n#]*(?:## (.+))?$",
        (root / "Makefile").read_text("utf-8"),
        re.MULTILINE,
    )
    return dict(rules)


def test_links_resolve(root: Path, documents: dict[Path, str]) -> None:
    """A link in a document leads to a file of this repository or to the web."""
    assert [
        f"{path}: {link}"
        for path, text in documents.items()
        for link in _LINK.findall(_CODE.sub("", text))
        if not re.match(r"https?://|mailto:|#", link)
        and not (root / path.parent / link.split("#")[0]).resolve().exists()
    ] == []


def test_the_commands_in_the_documents_exist(
    documents: dict[Path, str], targets: dict[str, str]
) -> None:
    """Every `make` command that a document shows is a target of the Makefile."""
    assert [
        f"{path}: make {name}"
        for path, text in documents.items()
        for name in _made(text, targets)
    ] == []


def test_the_makefile_explains_itself(targets: dict[str, str]) -> None:
    """Every target but the ones that the Makefile needs for itself says what it does."""
    assert [name for name, said in targets.items() if not said] == ["opa", "chromium"]


def test_the_house_has_its_papers(root: Path) -> None:
    """License, attribution, changes and the way round are where anyone looks for them."""
    assert [
        name
        for name in ("AGENTS.md", "CHANGELOG.md", "LICENSE", "NOTICE", "README.md")
        if not (root / name).read_text("utf-8").strip()
    ] == []


def test_every_limit_is_explained(root: Path) -> None:
    """Whoever writes data for a policy reads what each key of `limits` bounds."""
    text = (root / "docs" / "howto" / "add-a-rule.md").read_text("utf-8")
    limits = [*RunLimits.__annotations__, *OpenLimits.__annotations__]

    assert [name for name in limits if f"`{name}`" not in text] == []


def _made(text: str, targets: dict[str, str]) -> Iterator[str]:
    for code in _CODE.findall(text):
        yield from (
            name
            for name in re.findall(r"(?:^|[`\s])make ([a-z][\w-]*)", code)
            if name not in targets
        )


def test_the_threat_model_names_tests_that_exist(root: Path) -> None:
    """Every test that the threat model gives for a guard is a file under `tests/`."""
    text = (root / "docs" / "threat-model.md").read_text("utf-8")
    named = set(re.findall(r"`([\w/]+/test_\w+\.py)`", text))

    assert named
    assert sorted(name for name in named if not (root / "tests" / name).is_file()) == []
