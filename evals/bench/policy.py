"""The policy of the bench: the shipped rails, with data that grants the tools of the bench."""

from pathlib import Path
from typing import Final

from interlock.runtime.policy.engine.bundle import Bundle
from interlock.serving.policy.rails import rails

_DATA: Final = Path(__file__).resolve().parent / "policies"


def policy() -> Bundle:
    """Return the policy; its rules are those of the shipped bundle, so deciding costs the same."""
    return rails(_DATA)
