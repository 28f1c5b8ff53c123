"""The policy that grants everything: a case in which nothing happens under it proves nothing."""

from pathlib import Path
from typing import Final

PERMISSIVE: Final = Path(__file__).resolve().parents[1] / "data" / "permissive.tar.gz"
