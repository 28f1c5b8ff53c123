"""The playbook: read strictly, and what is wrong in it is named."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from interlock.runtime.errors import BadInput
from interlock.tools.contracts.clauses.model import ClauseModel
from interlock.tools.contracts.risk import load

GOOD: dict[str, Any] = {
    "name": "test",
    "version": 1,
    "medium": 250,
    "high": 500,
    "positions": [
        {
            "category": "Exclusivity",
            "when": "present",
            "points": 110,
            "why": "It limits.",
        }
    ],
}


def written(folder: Path, **fields: Any) -> Path:
    path = folder / "playbook.yaml"
    path.write_text(yaml.safe_dump(GOOD | fields), "utf-8")
    return path


def position(**fields: Any) -> list[dict[str, Any]]:
    return [GOOD["positions"][0] | fields]


def test_a_good_playbook_is_read(tmp_path: Path) -> None:
    """A playbook that says what it must is read as it is."""
    playbook = load(written(tmp_path))

    assert (playbook.name, playbook.medium, playbook.high) == ("test", 250, 500)
    assert playbook.positions[0].points == 110


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"positions": position(points=1001)}, "positions.0.points"),
        ({"positions": position(points=-1)}, "positions.0.points"),
        ({"positions": position(when="sometimes")}, "positions.0.when"),
        ({"positions": position(weight=3)}, "positions.0.weight"),
        ({"positions": [{"category": "Exclusivity"}]}, "positions.0.when"),
        ({"high": "very"}, "high"),
        ({"medium": 2000}, "medium"),
        ({"surprise": 1}, "surprise"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_bad_field_is_named(
    tmp_path: Path, fields: dict[str, Any], where: str
) -> None:
    """A field that is wrong, missing or unknown is named with the file."""
    path = written(tmp_path, **fields)
    with pytest.raises(BadInput) as refused:
        load(path)

    assert refused.value.what == f"playbook {path}, field {where}"


@pytest.mark.parametrize("text", ["positions: [", "- just\n- a list", "", "\x00"])
def test_what_is_no_playbook_is_refused(tmp_path: Path, text: str) -> None:
    """A file that is no playbook at all is refused by name."""
    path = tmp_path / "playbook.yaml"
    path.write_text(text, "utf-8")

    with pytest.raises(BadInput, match="playbook"):
        load(path)


def test_a_playbook_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A missing file is refused by name."""
    with pytest.raises(BadInput, match="nowhere"):
        load(tmp_path / "nowhere.yaml")


def test_our_playbook_speaks_of_clauses_that_can_be_found() -> None:
    """Every position of the playbook we ship is on a category the clause finder knows, and none is
    stated twice.
    """
    positions = [(each.category, each.when) for each in load().positions]

    assert {category for category, _ in positions} <= set(ClauseModel.load().categories)
    assert len(set(positions)) == len(positions)
