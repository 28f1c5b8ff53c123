"""Tries every rule, every job and every guarantee of this installation, live.

Trying them changes nothing that is stored in the installation.
"""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from interlock.serving.home import Home
from interlock.serving.settings import BUNDLE
from interlock.serving.verification import (
    guarantees,
    jobs,
    probes,
    rules,
)
from interlock.serving.verification.finding import Finding, broken


async def verify(home: Home) -> list[Finding]:
    """Return one finding for each rule, each role and each guarantee of *home*.

    A proof that breaks with an exception has proved nothing and is a failure.
    """
    findings: list[Finding] = []
    for name, prove in _PROOFS.items():
        try:
            findings += await prove(home)
        except Exception as error:  # noqa: BLE001 - a proof that was not given is a failure
            findings.append(broken(name, error))
    return findings


async def _rules(home: Home) -> list[Finding]:
    folders = _folders(home)
    return await rules.proved(
        home.pdp,
        home.bundle,
        home.pep.tools,
        probes=probes.stated(folders),
        tenant=home.settings.tenant,
    )


async def _jobs(home: Home) -> list[Finding]:
    folders = _folders(home)
    return await jobs.proved(
        home.pdp,
        home.bundle,
        home.pep.tools,
        jobs=jobs.stated(folders),
        tenant=home.settings.tenant,
    )


def _folders(home: Home) -> Sequence[Path]:
    """Return Interlock's own folder of policies, then the workspace's if there is one."""
    own = BUNDLE.parent
    workspace = home.settings.policies
    if workspace is None:
        return (own,)
    return (own, workspace)


_PROOFS: Final[dict[str, Callable[[Home], Awaitable[list[Finding]]]]] = {
    "rules": _rules,
    "jobs": _jobs,
    "guarantees": guarantees.proved,
}
