"""Proved live: every rule, every job and every guard of this installation is tried.

Nothing that anybody keeps in the installation is touched.
"""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from interlock.serving.home import BUNDLE, Home
from interlock.serving.verification import guards, jobs, probes, rules
from interlock.serving.verification.finding import Finding, wrong

__all__ = ["Finding", "verify"]


async def verify(home: Home) -> list[Finding]:
    """Return one finding for each rule, each role and each guard of *home*.

    What breaks while it is tried has proved nothing and is a failure.
    """
    findings: list[Finding] = []
    for name, prove in _PROOFS.items():
        try:
            findings += await prove(home)
        except Exception as error:  # noqa: BLE001 - a proof that was not given is a failure
            findings.append(wrong(name, f"{type(error).__name__}: {error}"))
    return findings


async def _rules(home: Home) -> list[Finding]:
    return await rules.proved(
        home.pdp,
        home.bundle,
        home.pep.tools,
        probes=probes.stated(_folders(home)),
        tenant=home.settings.tenant,
    )


async def _jobs(home: Home) -> list[Finding]:
    return await jobs.proved(
        home.pdp,
        home.bundle,
        home.pep.tools,
        jobs=jobs.stated(_folders(home)),
        tenant=home.settings.tenant,
    )


def _folders(home: Home) -> Sequence[Path]:
    """Return the folders of policies: that of Interlock, then that of the workspace."""
    workspace = home.settings.policies
    return (BUNDLE.parent,) if workspace is None else (BUNDLE.parent, workspace)


_PROOFS: Final[dict[str, Callable[[Home], Awaitable[list[Finding]]]]] = {
    "rules": _rules,
    "jobs": _jobs,
    "guards": guards.proved,
}
