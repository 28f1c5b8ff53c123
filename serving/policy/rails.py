"""The shipped rails, and the data of a folder laid over them: for who assembles a runtime."""

from pathlib import Path

from interlock.runtime.policy.engine.bundle import Bundle, load
from interlock.serving.policy.overlay import overlaid
from interlock.serving.settings import BUNDLE


def rails(overlay: Path | None = None) -> Bundle:
    """Return the policy that Interlock ships, with the data and rules of *overlay* over it.

    Data needs no `opa`; rules must have been built. Raises `Unfit` for a mistake in the data, and
    `GuardFailed` when a bundle cannot be used (both fail closed).
    """
    shipped = load(BUNDLE)
    return shipped if overlay is None else overlaid(shipped, overlay)
