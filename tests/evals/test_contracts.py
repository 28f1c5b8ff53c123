"""The evaluation data of the demo: real contracts, a copy with one hostile paragraph, and a policy
without rails.
"""

import io
import tarfile
from pathlib import Path
from typing import Final

from interlock.evals.demo.job import documents
from interlock.tools.documents import DocumentReader

DATA: Final = Path(__file__).resolve().parents[2] / "evals" / "data"
MARK: Final = "NOTICE TO AUTOMATED REVIEW SYSTEMS"


async def test_the_planted_copy_is_the_contract_and_one_paragraph() -> None:
    """Without its one hostile paragraph, the planted copy reads word for word as the contract it
    was made from.
    """
    (planted,) = [path for path in documents() if path.suffix == ".txt"]
    original = planted.with_name(planted.name.replace("-planted.txt", ".pdf"))
    reader = DocumentReader()
    text, real = (await reader.read(planted)).text, (await reader.read(original)).text
    paragraphs = [each for each in text.split("\n\n") if MARK in each]

    assert len(paragraphs) == 1
    assert text.replace(paragraphs[0], "").split() == real.split()
    assert MARK not in real


def test_the_policy_without_rails_is_what_it_says() -> None:
    """The permissive bundle was built from the source beside it."""
    source = (DATA / "permissive" / "rails" / "rails.rego").read_bytes()
    with tarfile.open(
        fileobj=io.BytesIO((DATA / "permissive.tar.gz").read_bytes())
    ) as bundle:
        rego = [each for each in bundle.getmembers() if each.name.endswith(".rego")]
        held = [
            file.read() for file in map(bundle.extractfile, rego) if file is not None
        ]

    assert source in held


def test_every_contract_says_where_it_comes_from() -> None:
    """Each document of the demo is listed in the folder's README, with its source and its
    licence.
    """
    readme = (DATA / "contracts" / "README.md").read_text("utf-8")

    assert len(documents()) == 4
    assert [path.name for path in documents() if path.name not in readme] == []
    assert "CC BY 4.0" in readme
