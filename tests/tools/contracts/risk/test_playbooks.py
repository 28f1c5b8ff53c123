"""The playbooks: shipped ones for both sides, a workspace's own, and which of them is used."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from interlock.runtime.errors import BadInput
from interlock.tools.contracts.clauses.model import ClauseModel
from interlock.tools.contracts.risk import Playbooks
from interlock.tools.contracts.risk.playbook import SHIPPED

KNOWN = ClauseModel.load().categories


def own(folder: Path, stem: str, **fields: Any) -> None:
    """Write a playbook of a workspace."""
    plain: dict[str, Any] = {
        "name": stem,
        "version": 1,
        "medium": 250,
        "high": 500,
        "positions": [
            {"category": "Exclusivity", "when": "present", "points": 9, "why": "w"}
        ],
    }
    (folder / f"{stem}.yaml").write_text(yaml.safe_dump(plain | fields), "utf-8")


def read(folder: Path | None = None) -> Playbooks:
    """Return the shipped playbooks with those of *folder*."""
    return Playbooks.read(folder, categories=KNOWN)


def test_a_playbook_ships_for_each_side() -> None:
    """What ships is sound, one a side, and speaks only of clauses that the finder knows."""
    shipped = read().shipped

    assert {name: playbook.side for name, playbook in shipped.items()} == {
        "customer": "customer",
        "supplier": "supplier",
    }


def test_a_side_chooses_its_playbook(tmp_path: Path) -> None:
    """Our side's playbook is used, one for this type of contract first, the workspace's before a
    shipped one, and the customer's while the side is unknown.
    """
    own(tmp_path, "house", side="supplier")
    own(tmp_path, "licences", side="supplier", types=["License", "Licence"])
    books = read(tmp_path)

    assert read().fitting(role="supplier", contract="").side == "supplier"
    assert books.fitting(role="supplier", contract="Supply Agreement").name == "house"
    assert books.fitting(role="supplier", contract="LICENSE DEED").name == "licences"
    assert books.fitting(role="customer", contract="License").side == "customer"
    assert books.fitting(role=None, contract="License").side == "customer"


def test_a_playbook_is_named(tmp_path: Path) -> None:
    """A name is that of a file; the workspace's goes first, and an unknown name is refused with
    those there are.
    """
    own(tmp_path, "customer", medium=1)
    books = read(tmp_path)
    with pytest.raises(BadInput) as refused:
        books.named("vendor")

    assert books.named("customer").medium == 1
    assert books.named("supplier").side == "supplier"
    assert "customer, supplier" in str(refused.value)


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        (
            {
                "positions": [
                    {"category": "Luck", "when": "absent", "points": 1, "why": "w"}
                ]
            },
            "positions.0",
        ),
        (
            {
                "positions": [
                    {
                        "category": "Exclusivity",
                        "when": "absent",
                        "only_with": ["Luck"],
                        "points": 1,
                        "why": "w",
                    }
                ]
            },
            "positions.0",
        ),
        ({"side": "both"}, "side"),
        ({"medium": 600}, "medium begins above high"),
        (
            {
                "positions": [
                    {
                        "category": "Exclusivity",
                        "when": "absent",
                        "points": 1,
                        "why": "w",
                    }
                    for _ in range(2)
                ]
            },
            "stands 2 times",
        ),
    ],
)
def test_a_playbook_that_is_wrong_is_named_when_the_home_opens(
    tmp_path: Path, fields: dict[str, Any], where: str
) -> None:
    """One error names the file and what is wrong in it, used or not."""
    own(tmp_path, "mine", **fields)
    with pytest.raises(BadInput) as refused:
        read(tmp_path)

    assert "mine.yaml" in str(refused.value)
    assert where in str(refused.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A setting that names no folder is not passed over."""
    with pytest.raises(BadInput, match="no such folder"):
        read(tmp_path / "nowhere")


def test_a_digest_pins_every_word_of_a_playbook(tmp_path: Path) -> None:
    """Another reason, side or number is another digest."""
    own(tmp_path, "a")
    own(tmp_path, "b", name="a", medium=251)
    own(tmp_path, "c", name="a", side="customer")
    own(tmp_path, "d", name="a")
    digests = {name: book.digest for name, book in read(tmp_path).own.items()}

    assert digests["a"] == digests["d"]
    assert len(set(digests.values())) == 3
    assert len(list(SHIPPED.glob("*.yaml"))) == len(read().shipped)
