# A permit cannot be made without the mint of the enforcement point.

from interlock.runtime.policy.decision import Permit


def forged() -> Permit:
    no_mint = None
    return Permit(
        no_mint,  # refused: arg-type
        tool="t",
        digest="0",
        action_id="0",
        run_id="0",
        claim="0",
        tenant="0",
    )
