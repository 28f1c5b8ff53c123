"""An agent of other people: a package of its own beside the wheel, in an environment that has
never seen this checkout.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
EXAMPLE: Final = ROOT / "evals" / "examples" / "invoices"
PAGE: Final = ROOT / "docs" / "howto" / "build-an-agent.md"
PAID: Final = {"invoice": "INV-1", "order": "PO-1", "cents": 120_000}


@dataclass(kw_only=True)
class Outside:
    """The fresh environment, the workspace in it, and seconds since the installation began."""

    folder: Path
    began: float
    first: dict[str, float] = field(default_factory=dict)

    @property
    def workspace(self) -> Path:
        """The example's folder, without its package: that is installed."""
        return self.folder / "workspace"

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in the workspace."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("INTERLOCK_")
        }
        return subprocess.run(  # noqa: S603 - our own programs
            [self.folder / "venv" / "bin" / program, *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.workspace,
            env=kept,
            timeout=180,
        )

    def reached(self, milestone: str) -> None:
        """Note when something happened for the first time."""
        self.first.setdefault(milestone, time.monotonic() - self.began)

    def payments(self) -> list[dict[str, Any]]:
        """Return what was paid."""
        files = sorted(self.workspace.glob("books/payments/*.json"))
        return [json.loads(file.read_text("utf-8")) for file in files]


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    """The wheel and the example, installed into an environment that sees the same dependencies."""
    folder = tmp_path_factory.mktemp("outside")
    wheels = folder / "wheels"
    how = ("--no-build-isolation", "--python", sys.executable)
    for source in (ROOT, EXAMPLE):
        uv("build", "--wheel", *how, "-o", wheels, source)
    made = Outside(folder=folder, began=time.monotonic())
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "venv",
        "--without-pip",
        folder / "venv",
    ]
    subprocess.run(command, check=True)  # noqa: S603 - our own interpreter
    dependencies = (
        folder / "venv" / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    )
    # The path is looked into, the path files in it are not: so the checkout stays unseen
    (dependencies / "dependencies.pth").write_text(
        sysconfig.get_path("purelib"), "utf-8"
    )
    python = folder / "venv" / "bin" / "python"
    uv(
        "pip",
        "install",
        "--offline",
        "--no-index",
        "--no-deps",
        "--python",
        python,
        *wheels.glob("*.whl"),
    )
    shutil.copytree(
        EXAMPLE,
        made.workspace,
        ignore=shutil.ignore_patterns("invoices", "__pycache__"),
    )
    yield made
    times = ", ".join(
        f"{name} after {seconds:.1f} s" for name, seconds in made.first.items()
    )
    sys.stdout.write(f"from the installation on: {times}\n")


def uv(*arguments: str | Path) -> None:
    """Run uv, which every environment of this project has."""
    command = [Path(sys.prefix, "bin", "uv"), *arguments]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - pinned


def test_it_is_the_wheel_that_runs(outside: Outside) -> None:
    """The environment imports Interlock and the example from where they were installed."""
    code = "import interlock, invoices; print(interlock.__file__); print(invoices.__file__)"
    paths = outside.run("python", "-c", code).stdout.split()

    assert [Path(path).is_relative_to(outside.folder / "venv") for path in paths] == [
        True,
        True,
    ]


def test_a_person_lets_a_payment_go(outside: Outside) -> None:
    """By command: the clerk reads freely, its payment waits, and goes out when a reviewer
    agrees.
    """
    asked = ("--set", "invoice=INV-1", "--set", "order=PO-1", "--as", "ann", "--json")
    waits = outside.run("interlock", "run", "start", "invoices", *asked)
    assert waits.returncode == 3, waits.stderr
    outside.reached("first governed action")
    seen = json.loads(waits.stdout)
    states = {decision["tool"]: decision["state"] for decision in seen["decisions"]}
    assert states == {
        "invoices.read": "done",
        "orders.lookup": "done",
        "invoices.pay": "waiting",
    }
    assert outside.payments() == []

    verdict = ("--as", "rhea", "--note", "compared with the delivery note", "--json")
    approved = outside.run(
        "interlock", "approvals", "approve", seen["waiting"][0], *verdict
    )

    assert approved.returncode == 0, approved.stderr
    outside.reached("first approved action")
    assert outside.payments() == [PAID]
    assert outside.run("interlock", "audit", "verify").returncode == 0


@pytest.mark.parametrize(
    ("invoice", "order", "code"),
    [("INV-2", "PO-1", "untrusted_argument"), ("INV-3", "PO-2", "argument_limit")],
)
def test_a_payment_outside_the_policy_is_denied(
    outside: Outside, invoice: str, order: str, code: str
) -> None:
    """By command: an invoice for another order than was named, or over the limit, is not paid."""
    asked = (
        "--set",
        f"invoice={invoice}",
        "--set",
        f"order={order}",
        "--as",
        "ann",
        "--json",
    )
    before = outside.payments()
    denied = outside.run("interlock", "run", "start", "invoices", *asked)

    assert denied.returncode == 4, denied.stderr
    outside.reached("first denied action")
    (refusal,) = [
        one for one in json.loads(denied.stdout)["decisions"] if one["effect"] == "deny"
    ]
    assert [reason["code"] for reason in refusal["reasons"]] == [code]
    assert outside.payments() == before


def test_the_runtime_alone_does_the_same(outside: Outside) -> None:
    """By `Runtime.open`: one payment is approved and made, one is denied."""
    before = outside.payments()
    approved = outside.run("python", "one_invoice.py", "INV-1", "PO-1")
    denied = outside.run("python", "one_invoice.py", "INV-2", "PO-1")

    assert json.loads(approved.stdout)["outcome"] == "Done", approved.stderr
    assert json.loads(denied.stdout)["codes"] == ["untrusted_argument"], denied.stderr
    assert outside.payments() == [*before, PAID]


def test_its_own_tests_pass(outside: Outside) -> None:
    """The example's tests, written with `interlock.testing`, pass against the wheel."""
    ran = outside.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider")

    assert ran.returncode == 0, ran.stdout


def test_the_page_shows_the_code_that_runs() -> None:
    """Every block that the how-to shows as a file's is in that file, word for word."""
    page = PAGE.read_text("utf-8")
    blocks = re.findall(
        r"^\*\*`([^`]+)`\*\*.*?\n```\w*\n(.*?)^```", page, re.MULTILINE | re.DOTALL
    )

    assert {file for file, _ in blocks} >= {
        "invoices/agent.py",
        "invoices/tools.py",
        "policies/invoices.yaml",
        "interlock.toml",
        "one_invoice.py",
        "tests/test_clerk.py",
    }
    assert [
        file for file, code in blocks if code not in (EXAMPLE / file).read_text("utf-8")
    ] == []
