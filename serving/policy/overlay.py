"""The policy of a workspace: the shipped rails with the workspace's data, and its rules if any.

Data needs no `opa`: the compiled module stays, the data is replaced, and the revision is the digest
of both. Rules are compiled by `interlock policy build` into `policies/bundle.tar.gz`.
"""

from pathlib import Path
from typing import Any, Final

from interlock.runtime.errors import GuardFailed
from interlock.runtime.policy.engine.bundle import Bundle, load, revised
from interlock.serving.policy import layers, rules
from interlock.serving.policy.finding import Unfit
from interlock.serving.policy.mistakes import mistakes

COMPILED: Final = "bundle.tar.gz"


def overlaid(bundle: Bundle, folder: Path) -> Bundle:
    """Return *bundle* as the folder `policies/` of a workspace changes it.

    The bundle itself is returned when the folder changes nothing. Raises `Unfit` for a mistake in
    the data, `GuardFailed` when the rules of the folder were not compiled as they are now together
    with the Rego of *bundle* (both fail closed).
    """
    config = configuration(bundle, folder)
    compiled = _compiled(bundle, folder)
    rails = compiled.data["rails"]
    if rails["config"] == config:
        return compiled
    data = dict(compiled.data)
    data["rails"] = {**rails, "config": config}
    return revised(compiled.files, data)


def configuration(bundle: Bundle, folder: Path) -> dict[str, Any]:
    """Return the data of *bundle* with that of *folder* laid over it; raises `Unfit`."""
    shipped: dict[str, Any] = bundle.data["rails"]["config"]
    data = layers.read(folder)
    if not data:
        return shipped
    config = layers.merged(shipped, data)
    if wrong := mistakes(config, data):
        raise Unfit(*wrong)
    return config


def _compiled(bundle: Bundle, folder: Path) -> Bundle:
    """Return the bundle that holds the rules of *folder*: *bundle* when *folder* has no rules."""
    own = rules.sources(folder)
    if not own:
        return bundle
    expected = rules.together(_rego(bundle), own)
    path = folder / COMPILED
    if not path.exists():
        raise _not_built(path, "it does not exist, and there are rules beside it")
    compiled = load(path)
    if _rego(compiled) != expected:
        raise _not_built(path, "it was built from other rules")
    return compiled


def _rego(bundle: Bundle) -> dict[str, bytes]:
    return {path: text for path, text in bundle.files.items() if path.endswith(".rego")}


def _not_built(path: Path, why: str) -> GuardFailed:
    return GuardFailed(
        guard=f"policy bundle {path}",
        why=why,
        next_step="Build it with `interlock policy build`.",
    )
