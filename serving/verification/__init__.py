"""Proved live: every rule and every guard of this installation is tried, without touching what anybody keeps in it."""

from interlock.serving.app import Home
from interlock.serving.verification import rules
from interlock.serving.verification.finding import Finding

__all__ = ["Finding", "verify"]


async def verify(home: Home) -> list[Finding]:
    """Return one finding for each rule of *home*; what breaks while it is tried has proved nothing and is a failure."""
    try:
        return await rules.proved(home.pdp, home.bundle, home.pep.tools, tenant=home.settings.tenant)
    except Exception as error:  # noqa: BLE001 - whatever broke: a proof that was not given is a failure
        return [Finding(check="rules", ok=False, detail=f"{type(error).__name__}: {error}")]
