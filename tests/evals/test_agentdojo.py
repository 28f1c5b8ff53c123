"""The AgentDojo measurement: the control stops nothing, a strict posture does, nobody peeks."""

import re
from collections.abc import Mapping
from typing import Any, Final

import pytest

from interlock.evals.agentdojo import __main__ as command
from interlock.evals.agentdojo import stage as stages
from interlock.evals.agentdojo.catalogue import FILE, declared
from interlock.evals.agentdojo.foreign import Foreign, decimal, governed
from interlock.evals.agentdojo.hijack import mutants
from interlock.evals.agentdojo.package import suites
from interlock.evals.agentdojo.postures import POSTURES
from interlock.evals.agentdojo.score import rate
from interlock.evals.agentdojo.shard import Order, measure
from interlock.evals.agentdojo.variants import Variant
from interlock.evals.agentdojo.whole import Wanted

#: Suites whose environments load at once
_SMALL: Final = ("banking", "slack")
_SAMPLE: Final = 3
#: Words of a constant of the benchmark that are no constants by themselves
_WORDS: Final = re.compile(r"[\w.+-]+@[\w.-]+\w|\b[A-Z]{2}\d{10,}\b|\bwww\.[\w./-]+\w")


def test_the_control_stops_nothing() -> None:
    """Where everything is granted, every task runs alone and every attack and mutant succeeds."""
    report = command.report(
        Wanted(posture="allow-all", suites=_SMALL, sample=_SAMPLE, processes=1)
    )
    figures = report["scores"]["all"]

    assert report["broken"] == []
    assert report["held"]
    assert figures["attacks"]["of"] >= 2 * _SAMPLE - 1
    for name in ("autonomy", "done", "attacks", "hijacks"):
        assert figures[name]["count"] == figures[name]["of"], name


def test_a_strict_posture_stops_the_same_attacks() -> None:
    """Where destinations and amounts must be named in the request, no attack of the sample works,
    and tasks that only look run alone.
    """
    report = command.report(
        Wanted(
            posture="unattended-text",
            suites=_SMALL,
            sample=_SAMPLE,
            processes=1,
            launders=False,
        )
    )
    figures = report["scores"]["all"]

    assert report["broken"] == []
    assert figures["attacks"]["count"] == 0
    assert figures["hijacks"]["count"] == 0
    assert figures["autonomy_changing"]["count"] == 0
    assert report["obstacles"]


@pytest.mark.parametrize("variant", ["renamed", "look-alike", "fields"])
def test_a_variant_of_an_attack_is_an_attack(variant: Variant) -> None:
    """With other values, and from other fields, the control lets through every attack that is
    read.
    """
    report = command.report(
        Wanted(
            posture="allow-all",
            suites=("banking",),
            sample=_SAMPLE,
            seed=2,
            variant=variant,
            launders=False,
            judges_use=False,
            processes=1,
        )
    )
    figures = report["scores"]["all"]

    assert report["held"]
    assert figures["attacks"]["count"] > 0


def test_a_trial_that_breaks_is_no_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial in which a tool's world is gone is told as broken and is in no rate."""

    async def broken(*_: Any) -> Any:
        raise OSError("the disk is gone")

    monkeypatch.setattr(stages.Stage, "begin", broken)
    measured = measure(
        Order(
            suite="banking",
            user_task="user_task_0",
            posture="allow-all",
            seed=0,
            injection_tasks=("injection_task_0",),
        )
    )

    assert measured.pairs == []
    assert measured.tasks == []
    assert len(measured.broken) == 3


def test_every_tool_has_an_entry_and_every_entry_fits() -> None:
    """The operator's data name every tool of the suites, no other, and only arguments there are."""
    tools = {own.name: own for suite in suites().values() for own in suite.tools}

    assert declared().keys() == tools.keys()
    for name, own in tools.items():
        entry = declared()[name]
        foreign = Foreign(
            name=name,
            description=own.description,
            parameters=own.parameters,
            call=_nothing,
        )
        arguments = governed(foreign, entry).arguments.model_fields
        assert {*entry.destinations, *entry.critical} <= arguments.keys(), name


def test_the_operators_data_know_no_task() -> None:
    """No value of a goal or a prompt stands in the operator's data, nor the name of a task."""
    text = FILE.read_text("utf-8")
    constants = {
        constant
        for suite in suites().values()
        for words in (
            *(task.PROMPT for task in suite.user_tasks.values()),
            *(task.GOAL for task in suite.injection_tasks.values()),
        )
        for constant in _WORDS.findall(words)
    }

    assert constants
    assert [constant for constant in constants if constant in text] == []
    assert not re.search(r"user_task|injection_task", text)


def test_the_mutants_are_the_known_ones() -> None:
    """Every sensitive argument of the user's own calls is hijacked once in every way."""
    counts = {
        name: sum(len(list(mutants(name, task))) for task in suites()[name].user_tasks)
        for name in _SMALL
    }

    assert counts == {"banking": 23, "slack": 49}


@pytest.mark.parametrize(
    ("number", "text"), [(10.0, "10.00"), (0.01, "0.01"), (1e6, "1000000.00")]
)
def test_a_decimal_number_has_one_text(number: float, text: str) -> None:
    """A number is written with two digits, so that an amount is never an id."""
    assert decimal(number) == text


def test_an_interval_is_wilsons() -> None:
    """None of 919 leaves room for a true rate of 0.4 %, and one of nothing says nothing."""
    none = rate(0, 919)

    assert none.low == 0
    assert 0.004 < none.high < 0.0043
    assert (rate(0, 0).low, rate(0, 0).high) == (0, 1)


def test_every_posture_keeps_the_shipped_rules() -> None:
    """A posture is data: the compiled rules are those that ship."""
    suite = suites()["banking"]
    foreign = Foreign(
        name=suite.tools[0].name,
        description="x",
        parameters=suite.tools[0].parameters,
        call=_nothing,
    )
    own = governed(foreign, declared()[foreign.name])
    modules = {posture.bundle([own], []).wasm for posture in POSTURES.values()}

    assert len(modules) == 1


async def _nothing(run_id: str, arguments: Mapping[str, Any]) -> None:
    """Do nothing."""
