"""Proved live: every rule and every guard of this installation is tried, without touching what anybody keeps in it."""

from collections.abc import Awaitable, Callable
from typing import Final

from interlock.serving.home import Home
from interlock.serving.verification import guards, rules
from interlock.serving.verification.finding import Finding

__all__ = ["Finding", "verify"]


async def verify(home: Home) -> list[Finding]:
    """Return one finding for each rule and each guard of *home*.

    What breaks while it is tried has proved nothing and is a failure.
    """
    found = []
    for name, prove in _PROOFS.items():
        try:
            found += await prove(home)
        except Exception as error:  # noqa: BLE001 - whatever broke: a proof that was not given is a failure
            found.append(Finding(check=name, ok=False, detail=f"{type(error).__name__}: {error}"))
    return found


async def _rules(home: Home) -> list[Finding]:
    return await rules.proved(home.pdp, home.bundle, home.pep.tools, tenant=home.settings.tenant)


_PROOFS: Final[dict[str, Callable[[Home], Awaitable[list[Finding]]]]] = {
    "rules": _rules,
    "guards": guards.proved,
}
