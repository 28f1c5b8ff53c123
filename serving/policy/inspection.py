"""Inspects the policy of a workspace: its data, the form and tests of its rules, the main job.

Data is inspected without `opa`. Rules are inspected together with the shipped rails, because they
are compiled together.
"""

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from interlock.runtime.errors import BadInput
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine.bundle import Bundle, load
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.serving.policy import rules
from interlock.serving.policy.build import BUNDLES, POLICIES, extended, staged, write
from interlock.serving.policy.capabilities import CAPABILITIES
from interlock.serving.policy.finding import Finding, Unfit
from interlock.serving.policy.opa import Opa
from interlock.serving.policy.ordinary import ordinary
from interlock.serving.policy.overlay import overlaid
from interlock.serving.policy.schema import SCHEMAS
from interlock.serving.verification.probes import brought

_CODE: Final = re.compile(r'"code":\s*"([^"]*)"')
_COMMENT: Final = re.compile(r"^\s*#.*$", re.MULTILINE)
#: What the tests of a rule may start from
_REQUESTS: Final = "rails/request_test.rego"


async def inspect(folder: Path, find_opa: Callable[[], Opa]) -> tuple[Finding, ...]:
    """Return everything that is wrong with the folder `policies/` of a workspace.

    *find_opa* is called only when the folder has rules. Later steps are left out when an earlier
    one finds that their answers would mean nothing.
    """
    try:
        own = rules.whole(folder)
        if not own:
            return await _main_job(overlaid(load(BUNDLES[POLICIES]), folder))
        with tempfile.TemporaryDirectory() as scratch:
            stage = Path(scratch, "stage")
            write(stage, _with_tests(folder, own))
            return await _rules(
                folder,
                _Workshop(
                    opa=find_opa(),
                    stage=stage,
                    own=own,
                ),
            )
    except Unfit as unfit:
        return unfit.findings


def own_test_results(folder: Path, opa: Opa) -> list[dict[str, Any]]:
    """Return the result of each test of the rules of *folder* as OPA has it; raises `Unfit`."""
    own = rules.whole(folder)
    if not own:
        return []
    with tempfile.TemporaryDirectory() as scratch:
        stage = Path(scratch, "stage")
        write(stage, _with_tests(folder, own))
        workshop = _Workshop(
            opa=opa,
            stage=stage,
            own=own,
        )
        if wrong := tuple(workshop.compile()):
            raise Unfit(*wrong)
        results: list[dict[str, Any]] = workshop.test()
        return results


class _Workshop:
    """The rails and the rules of one workspace in a folder of their own, and the OPA to ask."""

    def __init__(
        self,
        *,
        opa: Opa,
        stage: Path,
        own: Mapping[str, bytes],
    ) -> None:
        self.opa = opa
        self.stage = stage
        self.own = own
        self.names = sorted({path.split("/")[-2] for path in own})

    def compile(self) -> Iterator[Finding]:
        done = self.opa.ask(
            "check",
            "--strict",
            "--format",
            "json",
            "--capabilities",
            CAPABILITIES,
            "--schema",
            SCHEMAS,
            "--bundle",
            ".",
            cwd=self.stage,
        )
        if done.returncode == 0:
            return
        for error in json.loads(done.stderr)["errors"]:
            location = error.get("location", {})
            row = location.get("row", 0)
            yield Finding(
                code="compile",
                where=f"{_shown(location.get('file', 'rules'))}:{row}",
                detail=_compile_words(error),
            )

    def format(self) -> Iterator[Finding]:
        done = self.opa.ask("fmt", "--list", *sorted(self.own), cwd=self.stage)
        for path in done.stdout.split():
            yield Finding(
                code="format",
                where=_shown(path),
                detail="format it with `opa fmt --write`",
            )

    def test(self, *options: str) -> Any:
        """Return what OPA reports of the tests of the own rules."""
        only = rf"^data\.rails\.rules\.({'|'.join(self.names)})_test\."
        done = self.opa.ask(
            "test",
            "--format",
            "json",
            *options,
            "--run",
            only,
            "--capabilities",
            CAPABILITIES,
            "--bundle",
            ".",
            cwd=self.stage,
        )
        return json.loads(done.stdout or "[]") or []


def _with_tests(folder: Path, own: Mapping[str, bytes]) -> dict[str, bytes]:
    requests = {_REQUESTS: (POLICIES / _REQUESTS).read_bytes()}
    return {**staged(folder, own), **requests}


async def _rules(folder: Path, workshop: _Workshop) -> tuple[Finding, ...]:
    if wrong := tuple(workshop.compile()):
        return wrong
    bundle = extended(folder, workshop.opa)
    shape = (*workshop.format(), *_completeness(workshop, bundle))
    failing = tuple(_failing(workshop))
    coverage = () if failing else tuple(_coverage(workshop))
    return (*shape, *failing, *coverage, *await _main_job(bundle))


def _failing(workshop: _Workshop) -> Iterator[Finding]:
    for test in workshop.test():
        if test.get("fail") or test.get("error"):
            location = test["location"]
            where = f"{_shown(location['file'])}:{location['row']}"
            yield Finding(
                code="tests",
                where=where,
                detail=f"{test['name']} fails",
            )


def _coverage(workshop: _Workshop) -> Iterator[Finding]:
    report = workshop.test("--coverage")
    for path in sorted(workshop.own):
        gaps = report["files"].get(path, {}).get("not_covered", [])
        rows = sorted({gap["start"]["row"] for gap in gaps})
        if rows and not path.endswith("_test.rego"):
            lines = ", ".join(map(str, rows))
            detail = f"no test reaches line {lines}"
            yield Finding(
                code="coverage",
                where=_shown(path),
                detail=detail,
            )


def _completeness(workshop: _Workshop, bundle: Bundle) -> Iterator[Finding]:
    """Find rules without a test or a probe, and codes without a message."""
    for rule in workshop.names:
        path = f"{rules.RULES}/{rule}/{rule}.rego"
        where = _shown(path)
        source = _COMMENT.sub("", workshop.own.get(path, b"").decode())
        test = workshop.own.get(f"{rules.RULES}/{rule}/{rule}_test.rego", b"")
        if b"\ntest_" not in test:
            detail = f"{rule}_test.rego with a test_... beside it is missing"
            yield Finding(
                code="missing_test",
                where=where,
                detail=detail,
            )
        yield from _messages(where, source, bundle.messages.get(rule, {}))
        yield from _probes(where, rule, bundle)


def _messages(
    where: str, source: str, messages: Mapping[str, str]
) -> Iterator[Finding]:
    codes = set(_CODE.findall(source))
    for code in sorted(codes - messages.keys()):
        detail = (
            f"custom.codes in the metadata of the package has no message for {code}"
        )
        yield Finding(
            code="missing_message",
            where=where,
            detail=detail,
        )
    for code in sorted(messages.keys() - codes):
        detail = f"custom.codes has a message for {code}, which the rule never gives"
        yield Finding(
            code="unused_message",
            where=where,
            detail=detail,
        )


def _probes(where: str, rule: str, bundle: Bundle) -> Iterator[Finding]:
    try:
        if not brought(bundle, rule):
            detail = "custom.probes in the metadata of the package is missing"
            yield Finding(
                code="missing_probe",
                where=where,
                detail=detail,
            )
    except BadInput as error:
        yield Finding(
            code="missing_probe",
            where=where,
            detail=error.why,
        )


async def _main_job(bundle: Bundle) -> tuple[Finding, ...]:
    """Find grants that the policy itself denies, although nothing is wrong with the request."""
    findings = []
    point = EmbeddedPoint(bundle)
    for request in ordinary(bundle):
        decision = await point.decide(request)
        if decision.effect == "deny":
            (role,) = request.principal.roles
            findings.append(_denied(role, request.action.tool, decision))
    point.close()
    return tuple(findings)


def _denied(role: str, tool: str, decision: Decision) -> Finding:
    reasons = ", ".join(f"{reason.rule}/{reason.code}" for reason in decision.reasons)
    return Finding(
        code="denies_main_job",
        where=f"grants.{role}",
        detail=f"an ordinary {tool} is denied: {reasons}",
    )


def _compile_words(error: Mapping[str, Any]) -> str:
    details = error.get("details") or {}
    choices = details.get("oneOf") if isinstance(details, dict) else None
    hint = f"; it has {', '.join(map(str, choices))}" if choices else ""
    return f"{error['message']}{hint}"


def _shown(path: str) -> str:
    """Return a path of a bundle as the author knows it."""
    return path.replace("rails/rules/", "policies/rules/", 1)
