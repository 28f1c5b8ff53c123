"""The tools of an installation, and bundles built by the real OPA from a changed copy of the
policies.
"""

import asyncio
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

from interlock.runtime.door.tool import AnyTool
from interlock.runtime.policy.engine.bundle import Bundle, load
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.serving import workspace
from interlock.serving.home import opened
from interlock.serving.policy.build import POLICIES, build
from interlock.serving.policy.opa import find_opa
from interlock.serving.settings import BUNDLE
from interlock.serving.verification import jobs, probes, rules
from interlock.serving.verification.finding import Finding

#: Changes a copy of the folder `policies/rails`
Edit: TypeAlias = Callable[[Path], object]
Proved: TypeAlias = Callable[..., dict[str, str]]


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, AnyTool]:
    """Every tool that is installed."""

    async def read() -> Mapping[str, AnyTool]:
        async with opened(
            workspace.read({}, bundle=BUNDLE, home=tmp_path_factory.mktemp("tools"))
        ) as home:
            return home.pep.tools

    return asyncio.run(read())


@pytest.fixture
def built(tmp_path: Path) -> Callable[[Edit], Bundle]:
    """Build and load a bundle from a copy of the policies that was changed."""

    def make(edit: Edit) -> Bundle:
        folder = tmp_path / "policies"
        shutil.copytree(POLICIES, folder)
        edit(folder / "rails")
        (tmp_path / "bundle.tar.gz").write_bytes(build(folder, find_opa()))
        return load(tmp_path / "bundle.tar.gz")

    return make


@pytest.fixture
def proved(tools: Mapping[str, AnyTool]) -> Proved:
    """Ask every rule of a bundle its probes, and return what each said: "" where it is right."""

    def ask(bundle: Bundle, *, tenant: str = "default") -> dict[str, str]:
        point = EmbeddedPoint(
            bundle, deadline_s=5
        )  # the machine that runs the tests may be busy
        house = probes.stated([POLICIES])
        findings = asyncio.run(
            rules.proved(point, bundle, tools, probes=house, tenant=tenant)
        )
        point.close()
        return _answers(findings, "rule ")

    return ask


@pytest.fixture
def permitted(tools: Mapping[str, AnyTool]) -> Proved:
    """Ask a bundle for the ordinary requests of each role; "" where all are permitted."""

    def ask(bundle: Bundle, *, folders: Sequence[Path] = (POLICIES,)) -> dict[str, str]:
        point = EmbeddedPoint(bundle, deadline_s=5)
        needed = jobs.stated(folders)
        findings = asyncio.run(
            jobs.proved(point, bundle, tools, jobs=needed, tenant="default")
        )
        point.close()
        return _answers(findings, "job ")

    return ask


def _answers(findings: Sequence[Finding], kind: str) -> dict[str, str]:
    return {
        finding.check.removeprefix(kind): "" if finding.ok else finding.detail
        for finding in findings
    }
