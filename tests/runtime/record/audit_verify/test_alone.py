"""The offline verifier is one file that an auditor takes away."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from interlock.runtime.record import audit_verify
from interlock.runtime.record.logs import export
from interlock.runtime.testing import Effects, World

#: Runs the verifier with nothing importable but the standard library and cryptography
ALONE = """
import importlib.abc, runpy, sys

class Alone(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        allowed = {*sys.stdlib_module_names, "cryptography", "_cffi_backend", "cffi"}
        if top not in allowed:
            raise ImportError(f"the verifier imports {name}")

sys.meta_path.insert(0, Alone())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def alone(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-c", ALONE, str(script), *arguments]
    return subprocess.run(  # noqa: S603 - our own interpreter and script
        command, capture_output=True, text=True, check=False, timeout=60
    )


async def test_an_export_is_verified_elsewhere_with_one_file(tmp_path: Path) -> None:
    """The verifier runs as one copied file, isolated, needing cryptography alone; it finds a
    changed byte.
    """
    effects = Effects()
    async with World(tmp_path / "home", tools=[effects.tool("note.write")]) as world:
        run = await world.start()
        for number in range(4):
            await world.pep.enforce(
                run,
                tool="note.write",
                arguments={"text": f"{number}"},
                call_id=f"{number}",
            )
        await world.store.durable(run.claim)
        records = await world.store.read(
            lambda connection: list(export(connection, "default"))
        )
        key = world.ledger.public_key.hex()
        remembered = world.ledger.witness.notes()["default.note"]
    script, file, memory = (
        tmp_path / "verifier.py",
        tmp_path / "export.jsonl",
        tmp_path / "remembered",
    )
    shutil.copy(audit_verify.__file__, script)
    memory.write_text(remembered)

    def write(lines: list[dict[str, Any]]) -> None:
        header = {"kind": "log", "origin": "interlock/test/default", "public_key": key}
        file.write_text("".join(json.dumps(each) + "\n" for each in (header, *lines)))

    write(records)
    good = alone(script, str(file), "--key", key, "--remembered", str(memory))
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.startswith("valid: log default, 9 entries")

    write(
        [
            each
            | {"body": str(each["body"]).replace('"state":"done"', '"state":"fail"')}
            if each.get("seq") == 4
            else each
            for each in records
        ]
    )
    bad = alone(script, str(file), "--key", key)
    assert bad.returncode == 1
    assert "INVALID default entry 4: changed_entry" in bad.stdout

    for junk in (b"", b"junk\n", b"[]\n", b"\xff\n"):
        file.write_bytes(junk)
        assert alone(script, str(file)).returncode == 2
    assert alone(script, str(tmp_path / "missing")).returncode == 2


def test_the_module_imports_nothing_of_ours() -> None:
    """The file itself names no module but the standard library's and cryptography's."""
    source = Path(audit_verify.__file__).read_text()

    assert "interlock." not in source.replace(
        "interlock.runtime.record.audit_verify", ""
    )
