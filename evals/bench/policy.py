"""The policy of the bench: the shipped rails, with data that grants the tools of the bench."""

from pathlib import Path
from typing import Final

from interlock.runtime.policy.engine.bundle import Bundle
from interlock.serving.policy.rails import rails

_DATA: Final = Path(__file__).resolve().parent / "policies"


def policy() -> Bundle:
    """Return the policy of the bench.

    Its rules are those of the shipped bundle, so a decision costs the same as in the product.
    """
    return rails(_DATA)
