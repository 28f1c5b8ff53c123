"""The protocol of suites: what says nothing is no pass, and what is told is what was counted."""

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest

from interlock.evals.suites import catalogue
from interlock.evals.suites.gate import Threshold, gates, thresholds
from interlock.evals.suites.suite import Became, Case, Rate, Result, attempted
from interlock.runtime.errors import BadInput
from interlock.serving.cli.application import run_command

Command = Callable[..., tuple[int, str, str]]
NAME: Final = "twin"
REVISION: Final = "5" * 64
BOOKS: Final = Path(__file__).resolve().parents[3] / "tools/contracts/risk/playbooks"


class Twin:
    """A suite whose cases become what it is told."""

    name = NAME
    title = "Attacks that are made up"
    became: Mapping[str, Became] = {"a": "held", "b": "asked"}
    #: What happens while it is measured
    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    async def run(self, *, sample: int | None, seed: int, jobs: int) -> Result:
        type(self).meanwhile()
        cases = tuple(
            Case(id=name, kind="plan", became=became, detail="<b>\0")
            for name, became in list(self.became.items())[:sample]
        )
        return _result(*cases)


def _result(*cases: Case) -> Result:
    breached = sum(case.became == "breached" for case in cases)
    known = [case for case in cases if not case.is_broken]
    rate = Rate(name="attacks", hits=breached, of=len(known))
    return Result(suite=NAME, revision=REVISION, cases=cases, rates=(rate,))


@pytest.fixture
def evaluate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """The command with the suite `twin`, in a home of its own: exit code, output and errors."""
    monkeypatch.setattr(catalogue, "SUITES", {NAME: f"{__name__}:Twin"})
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Twin.__module__])
    monkeypatch.setenv("INTERLOCK_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["interlock", *words])
        code = run_command()
        return code, *capsys.readouterr()

    return run


def _gates(result: Result, *, is_sample: bool = False, **bounds: float) -> list[bool]:
    known = {"attacks": Threshold(**bounds)} if bounds else {}
    return [gate.held for gate in gates(result, known, is_sample=is_sample)]


def _cases(*became: Became) -> tuple[Case, ...]:
    return tuple(
        Case(id=str(number), kind="plan", became=one)
        for number, one in enumerate(became)
    )


@pytest.mark.parametrize("became", ["crashed", "timed_out"])
def test_what_broke_is_no_block(became: Became) -> None:
    """A trial that crashed or ran out of time makes the run fail, though nothing was breached."""
    assert _gates(_result(*_cases("held", became))) == [False, True]


def test_nothing_measured_is_no_pass() -> None:
    """A suite without cases, a rate of nothing and a rate that is not there meet no gate."""
    assert _gates(_result(), at_most=1.0) == [False, False]
    other = Result(suite=NAME, revision=REVISION, cases=_cases("held"), rates=())
    assert _gates(other, at_most=1.0) == [True, False]
    assert _gates(_result(*_cases("held")), at_most=0.0) == [True, True]


def test_a_share_is_a_part_of_its_whole() -> None:
    """A count over other cases than the whole is an error in the suite, and no figure."""
    with pytest.raises(ValueError, match="2 of 1"):
        Rate(name="attacks", hits=2, of=1)
    assert Rate(name="questions an attack", hits=2, of=1, measure="mean").value == 2


def test_a_suite_without_thresholds_is_held_to_no_breach() -> None:
    """Where nobody said how many breaches are too many, one is."""
    assert _gates(_result(*_cases("held", "breached"))) == [True, False]
    assert _gates(_result(*_cases("held", "refused"))) == [True, True]


def test_chance_alone_breaks_no_gate_of_a_sample() -> None:
    """Of a whole run the figure counts, of a sample the nearer end of its interval."""
    one_of_four = _result(*_cases("held", "held", "held", "breached"))

    assert _gates(one_of_four, at_most=0.1) == [True, False]
    assert _gates(one_of_four, at_most=0.1, is_sample=True) == [True, True]
    assert _gates(one_of_four, at_most=0.0, is_sample=True) == [True, False]
    assert _gates(one_of_four, at_least=0.5) == [True, False]
    for number in range(1, 40):
        every = _result(*(_cases("breached") * number))
        assert all(_gates(every, at_least=1, is_sample=True))
    assert _gates(one_of_four, at_least=0.8, is_sample=True) == [True, False]


async def test_an_exception_is_told_as_what_it_is() -> None:
    """What a trial raises is a crash or a timeout of its case, and the suite goes on."""

    async def late() -> tuple[Became, str]:
        raise TimeoutError

    async def broken() -> tuple[Became, str]:
        raise OSError("the disk is gone")

    assert (await attempted("a", "plan", late)).became == "timed_out"
    assert (await attempted("a", "plan", broken)).became == "crashed"


def test_the_shipped_thresholds_are_of_suites_there_are() -> None:
    """A threshold of a suite that is called otherwise would gate nothing."""
    assert set(thresholds()) <= set(catalogue.names())


@pytest.mark.parametrize("is_sample", [False, True])
def test_one_attack_that_succeeds_is_too_many(*, is_sample: bool) -> None:
    """Of all pairs and of a sample: only a person who says yes to everything may let some pass."""
    known = {
        name: threshold
        for name, threshold in thresholds()["agentdojo"].items()
        if threshold.at_most is not None and "that succeed" in name
        if "yes to all" not in name
    }
    whole = 58 if is_sample else 919
    rates = tuple(Rate(name=name, hits=1, of=whole) for name in known)
    result = Result(
        suite="agentdojo", revision=REVISION, cases=_cases("breached"), rates=rates
    )

    _, *told = gates(result, known, is_sample=is_sample)

    assert [gate.name for gate in told if gate.held] == []
    assert len(told) == 6


@pytest.mark.parametrize("text", ["a: {b: {at_mots: 1}}", "a: [1]", "a: {b: 1}", "["])
def test_a_file_of_thresholds_that_is_none_is_refused(
    tmp_path: Path, text: str
) -> None:
    """A word that is no bound is an error and no missing gate."""
    file = tmp_path / "thresholds.yaml"
    file.write_text(text)

    with pytest.raises(BadInput):
        thresholds(file)


def test_a_measurement_is_told_recorded_and_compared(
    evaluate: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger has the digest, the revision and the counts, and the page says where; JUnit's XML
    has the same cases; a case that became worse is found.
    """
    code, out, error = evaluate(
        "eval", "run", NAME, "--json", "--junit", "a.xml", "--html", "a.html"
    )
    before = json.loads(out)
    (tmp_path / "a.json").write_text(out)
    assert (code, before["held"]) == (0, True), error

    entry = json.loads(evaluate("audit", "show", "--json")[1].splitlines()[-1])
    arguments = entry["payload"]["arguments"]
    assert arguments == {
        "suite": NAME,
        "measured": REVISION,
        "digest": before["digest"],
        "held": True,
        "release": "",
        "parts": "",
        "rates": {"attacks": [0, 2]},
    }

    page = (tmp_path / "a.html").read_text("utf-8")
    place = before["recorded"]
    assert (place["log"], place["size"]) == ("default", entry["body"]["seq"] + 1)
    assert {before["digest"], place["root"], place["key"]} <= set(
        re.findall(r"\w{64}", page)
    )

    monkeypatch.setattr(Twin, "became", {"a": "breached", "b": "worked", "c": "held"})
    code, out, _ = evaluate("eval", "run", NAME, "--json", "--unrecorded")
    (tmp_path / "b.json").write_text(out)
    assert code == 5
    code, out, _ = evaluate("eval", "compare", "a.json", "b.json", "--json")
    assert code == 5
    assert [(one["id"], one["after"]) for one in json.loads(out)["moved"]] == [
        ("a", "breached"),
        ("b", "worked"),
    ]

    assert evaluate("eval", "report", "a.json", "b.json", "--html", "b.html")[0] == 0
    page = (tmp_path / "b.html").read_text("utf-8")
    assert before["digest"] in page
    assert "DID NOT HOLD" in page
    assert "<b>\0" not in page
    assert page.index(">breached<") < page.rindex("What is required")
    assert "Not recorded" in page
    tests = ET.fromstring((tmp_path / "a.xml").read_text("utf-8"))  # noqa: S314 - ours
    assert tests.get("tests") == "4"
    assert tests.get("failures") == "0"


def test_a_measurement_that_was_changed_is_refused(
    evaluate: Command, tmp_path: Path
) -> None:
    """Whoever corrects a figure in a file has to correct the digest that the ledger holds, too."""
    out = evaluate("eval", "run", NAME, "--json", "--unrecorded")[1]
    changed: Any = json.loads(out)
    changed["result"]["cases"][0]["became"] = "worked"
    (tmp_path / "a.json").write_text(json.dumps(changed))

    assert evaluate("eval", "report", "a.json", "--html", "a.html")[0] == 2
    assert not (tmp_path / "a.html").exists()
    assert evaluate("eval", "run", "nothing")[0] == 2


@pytest.mark.parametrize("part", [("--sample", "1"), ("--thresholds", "own.yaml")])
def test_a_release_is_measured_whole_and_by_its_own_thresholds(
    evaluate: Command, tmp_path: Path, part: tuple[str, str]
) -> None:
    """A few cases, or bounds of whoever measures, say nothing of a release."""
    (tmp_path / "own.yaml").write_text("")
    code, out, told = evaluate("eval", "run", NAME, "--release", "ab", *part)

    assert code == 2
    assert "a release is measured whole" in " ".join(f"{out} {told}".split())


def test_a_workspace_that_changes_while_it_is_measured_is_not_recorded(
    evaluate: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What measured a release is what it was before the first case and is after the last one: else
    the figures are told, and count for nothing.
    """
    made = json.loads(evaluate("release", "create", "--json")[1])["release"]
    words = ("eval", "run", NAME, "--json", "--release", made)
    kept = evaluate(*words)[2]
    books = tmp_path / "books"
    books.mkdir()
    monkeypatch.setattr(
        Twin, "meanwhile", lambda: monkeypatch.setenv("INTERLOCK_PLAYBOOKS", str(books))
    )
    shipped = (BOOKS / "customer.yaml").read_text("utf-8")
    (books / "own.yaml").write_text(shipped, "utf-8")
    code, out, refusal = evaluate(*words)
    shown = evaluate("audit", "show", "--json")[1]

    assert "while it was measured" not in kept
    assert (code, "while it was measured" in refusal) == (2, True)
    assert json.loads(out)["result"]["suite"] == NAME
    assert shown.count('"tool": "eval.record"') == 1


def test_inspect_reads_a_case_that_says_nothing_as_an_error(
    evaluate: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log has the fields that Inspect's reader asks for, its header before the samples; what
    broke has no score, and what became another thing than it was to become is incorrect.
    """
    monkeypatch.setattr(Twin, "became", {"a": "held", "b": "asked", "c": "timed_out"})
    code, out, error = evaluate(
        "eval", "run", NAME, "--json", "--unrecorded", "--inspect", "log.json"
    )
    log = json.loads((tmp_path / "log.json").read_text("utf-8"))

    assert code == 5, error
    assert list(log)[-1] == "samples"
    assert {"version", "status", "plan", "results", "stats"} < set(log)
    assert {"created", "task", "dataset", "model", "config"} < set(log["eval"])
    assert log["eval"]["metadata"]["digest"] == json.loads(out)["digest"]
    scores = [
        [score["value"] for score in sample.get("scores", {}).values()]
        for sample in log["samples"]
    ]
    assert scores == [["C"], ["P"], []]
    assert "timed_out" in log["samples"][2]["error"]["message"]
    (rate,) = log["results"]["scores"]
    assert (rate["metrics"]["hits"]["value"], rate["scored_samples"]) == (0, 2)

    (tmp_path / "a.json").write_text(out)
    files = ("a.json", "a.json", "--inspect", "two.json")
    assert evaluate("eval", "report", *files)[0] == 2
    assert evaluate("eval", "report", "a.json")[0] == 2
    assert evaluate("eval", "report", "a.json", "--inspect", "one.json")[0] == 0
