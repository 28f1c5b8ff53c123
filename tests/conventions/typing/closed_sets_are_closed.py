# An answer is permit or deny, a value keeps what it was given, and no third thing can be written.

from interlock.runtime.policy.decision import Decision, Effect

MAYBE: Effect = "maybe"  # refused: assignment


def weakened(decision: Decision) -> None:
    decision.effect = "permit"  # refused: misc
