"""Provenance: of which source the code is that measures."""

import json
import shutil
import subprocess
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

_PATIENCE_S: Final = 10


def commit() -> str:
    """Return the commit that is installed, "..., changed" where files differ from the commit.

    Empty where nobody can say: a wheel from an index knows its version alone.
    """
    told: Any = json.loads(
        distribution("interlock").read_text("direct_url.json") or "{}"
    )
    if "vcs_info" in told:
        return str(told["vcs_info"].get("commit_id", ""))
    if "dir_info" not in told:
        return ""
    folder = Path(unquote(urlsplit(told["url"]).path))
    named = _git(folder, "rev-parse", "HEAD")
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return f"{named}, changed" if named and changed else named


def _git(folder: Path, *words: str) -> str:
    program = shutil.which("git")
    if program is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603 - git, with words of ours
            [program, "-C", str(folder), *words],
            check=True,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
