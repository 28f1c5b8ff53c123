"""A drill: rollouts that real runs of the contract review drive, over models that answer by script.

The candidate asks another model than the release in force. Where that model is worse the rollout is
to end by itself, with what was worse as the reason; where it is the same, it is not.
"""

import json
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from interlock.evals.rollouts.copies import Copies, copied
from interlock.runtime.policy.request import Principal
from interlock.runtime.run.rollout import Plan, Rollout
from interlock.serving import rollouts as looks
from interlock.serving.home import Home, opened
from interlock.serving.models.entry import ModelEntry
from interlock.serving.operations import releases, rollouts, runs
from interlock.serving.operations.workers import hired
from interlock.serving.settings import Settings
from interlock.serving.workspace import open_workspace
from interlock.testing import ModelServer
from interlock.tools.scripted.server import Asked
from interlock.tools.scripted.turn import Call, Turn, refuses, says, slow

#: What is wrong with the candidate's model; "alike" for nothing
Fault: TypeAlias = Literal["error", "quality", "latency", "alike"]
#: Answers one request
Answer: TypeAlias = Callable[[Asked], Turn]
ANALYST: Final = Principal(id="ana", tenant="default", roles=("analyst",))
REVIEWER: Final = Principal(id="rhea", tenant="default", roles=("reviewer",))
ADMINISTRATOR: Final = Principal(id="ada", tenant="default", roles=("administrator",))
#: How much later a slow model answers, and what counts as the slowest run: far more than a run of
#: a good model takes on a busy machine, which is as slow for both
LATER_S: Final = 4.0
LONGEST_MS: Final = 12_000
#: Runs that are begun at a time
BATCH: Final = 8
STEPS: Final = (50, 100)
#: Where runs are copied first: the fewer runs a step gives, the sooner the copies allow the step
AFTER_COPIES: Final = (0, 5, 50, 100)
NOTE: Final = "a drill"
CONTRACT: Final = """SERVICES AGREEMENT

This Services Agreement is made on 1 March 2024 between Alpha Ltd ("Supplier") and Beta Inc
("Customer").

1. Term. This Agreement begins on 1 March 2024 and continues for two years.

2. Governing law. This Agreement is governed by the laws of the State of New York.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Drilled:
    """How the rollout of one candidate ended."""

    fault: Fault
    status: str
    #: What the last decision rests on
    because: str
    runs: int
    canary_runs: int
    seconds: int
    #: What became of the copies, where runs were copied first
    copies: Copies
    #: So many of a hundred new runs the candidate was given at last
    percent: int

    @property
    def is_right(self) -> bool:
        """Whether it was taken back exactly where the candidate was worse, by no harm of a copy."""
        is_back = self.status == "rolled_back"
        return is_back == (self.fault != "alike") and self.copies.is_harmless


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A home under each of the two releases, and the contract that every run reviews."""

    control: Home
    candidate: Home
    #: The release of the candidate
    name: str
    contract: Path


def plans(asked: Asked) -> Turn:
    """Answer as a good planner: file and report what the briefing names, then be done."""
    messages = asked.body["messages"]
    if messages[-1]["role"] == "tool":
        return says("Done.")
    briefing = next(one for one in messages if one["role"] == "user")
    facts = json.loads(briefing["content"])
    document = json.dumps({"document": facts["document"]["digest"]})
    return Turn(
        calls=(
            Call(tool="records.file", arguments=document),
            Call(tool="report.write", arguments=document),
        )
    )


ANSWERS: Final[Mapping[Fault, Answer]] = {
    "error": lambda _: refuses(400),
    "quality": lambda _: says("Done."),
    "latency": lambda asked: slow(plans(asked), wait_s=LATER_S),
    "alike": plans,
}


async def drill(fault: Fault, *, most: int, shadow: int = 0) -> Drilled:
    """Roll a candidate out whose model has the fault, over *most* real runs at the most.

    With *shadow* so many runs are copied at a time before the candidate is given any.
    """
    began = time.monotonic()
    number = 0
    async with _staged(fault) as stage:
        await rollouts.start(
            stage.control,
            stage.name,
            plan=Plan(
                steps=AFTER_COPIES if shadow else STEPS,
                longest_ms=LONGEST_MS,
                shadow=shadow,
            ),
            person=REVIEWER,
            note=NOTE,
        )
        standing = await _standing(stage)
        while standing.status == "live" and number < most:
            await _reviewed(stage)
            number += BATCH
            standing = await _standing(stage)
        copies = await copied(stage.control)
    told: Any = standing.figures
    return Drilled(
        fault=fault,
        status=standing.status,
        because=looks.reason(standing),
        runs=number,
        canary_runs=told["runs"]["canary"],
        seconds=round(time.monotonic() - began),
        copies=copies,
        percent=standing.percent,
    )


@asynccontextmanager
async def _staged(fault: Fault) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        good = await stack.enter_async_context(ModelServer(plans))
        other = await stack.enter_async_context(ModelServer(ANSWERS[fault]))
        contract = folder / "contract.txt"
        contract.write_text(CONTRACT, "utf-8")
        settings = open_workspace({}, chosen={"home": str(folder / "home")}).settings
        name = await _released(_asking(settings, good), _asking(settings, other))
        yield Stage(
            control=await stack.enter_async_context(opened(settings)),
            candidate=await stack.enter_async_context(opened(settings, under=name)),
            name=name,
            contract=contract,
        )


def _asking(settings: Settings, server: ModelServer) -> Settings:
    """Return the settings of a workspace that asks the model of *server*."""
    fields = {"url": server.url, "name": "m", "clearance": "confidential"}
    model = ModelEntry.model_validate(fields)
    return settings.model_copy(update={"model": model})


async def _released(control: Settings, candidate: Settings) -> str:
    """Put a release of *control* in force, and return the one of *candidate*."""
    async with opened(control) as home:
        first = await releases.create(home, person=ANALYST, weights={})
        async with opened(candidate, candidate=True) as other:
            second = await releases.create(other, person=ANALYST, weights={})
        await releases.promote(
            home.desk,
            first.digest,
            person=REVIEWER,
            note=NOTE,
        )
    return second.digest


async def _reviewed(stage: Stage) -> None:
    """Begin a batch of reviews, and let a worker of each release carry them on."""
    for _ in range(BATCH):
        await runs.start(
            stage.control,
            person=ANALYST,
            agent="contract_review",
            request={"path": str(stage.contract), "notify": []},
            claim=False,
        )
    for home in (stage.control, stage.candidate):
        worker = await hired(home, person=ADMINISTRATOR, told=lambda _: None)
        await worker.work("idle")


async def _standing(stage: Stage) -> Rollout:
    standing = await looks.newest(stage.control.runtime.storage)
    if standing is None:
        raise LookupError("rollout")
    return standing
