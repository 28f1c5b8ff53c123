"""The contracts of a batch: real texts, each one time with a line that no other has."""

from itertools import cycle, islice
from pathlib import Path

from interlock.evals.extraction import data

_OWN = Path(__file__).resolve().parents[1] / "data" / "contracts"


def cuad() -> list[str]:
    """Return the texts of CUAD; raises `data.DataError` where they are not at hand."""
    return [contract.text for contract in data.read()]


def own() -> list[str]:
    """Return the texts that come with this repository."""
    return [file.read_text("utf-8") for file in sorted(_OWN.glob("*-planted.txt"))]


def write(folder: Path, texts: list[str], *, number: int) -> None:
    """Write *number* contracts to *folder*, one text after the other and again from the first."""
    folder.mkdir()
    for index, text in enumerate(islice(cycle(texts), number)):
        file = folder / f"contract-{index:05}.txt"
        file.write_text(f"{text}\n\nContract number {index} of this batch.\n", "utf-8")
