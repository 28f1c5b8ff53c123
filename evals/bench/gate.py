"""`bench gate`: what the door costs, as ratios to a bare LangGraph step on the stock saver in the same run."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, Final

from interlock.evals.bench.subject import Variant, measure, tools
from interlock.runtime.door.tool import schema_digest
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.engine.bundle import load
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.policy.label import TRUSTED
from interlock.runtime.policy.request import (
    FACTS,
    AccessRequest,
    Action,
    Amounts,
    BudgetFacts,
    Context,
    Principal,
    Resource,
    RunFacts,
)
from interlock.serving.home import BUNDLE

FEW, MANY = 5, 45  # steps: the slope between them leaves start-up out
SYNCED: Final = 50  # fdatasyncs timed to know the disk
VARIANTS: Final[tuple[Variant, ...]] = ("stock", "pure", "effect")
SYNC: Final = re.compile(r"^.*\bf(?:data)?sync\(", re.MULTILINE)


def gate(*, rounds: int, decisions: int, fsync_ms: int = 0) -> dict[str, Any]:
    """Measure and return decide latency, step latencies, ratios and fsyncs per step; times in microseconds.

    With *fsync_ms* every fsync of every variant takes that much longer, so that a slower disk can
    be seen on this one. Raises `BadInput` when that is asked for and there is no strace.
    """
    if fsync_ms and not shutil.which("strace"):
        raise BadInput(
            what="--fsync-ms",
            why="there is no strace to delay the calls",
            next_step="Install strace.",
        )
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as place:
        folder = Path(place)
        decide = asyncio.run(_decide(decisions))
        disk = _disk(folder)
        slopes = [_round(folder / str(index), fsync_ms) for index in range(rounds)]
        syncs = {variant: _syncs(variant, folder) for variant in VARIANTS}
    p50 = {variant: round(median(each[variant] for each in slopes)) for variant in VARIANTS}
    ratio = {
        variant: round(median(each[variant] / each["stock"] for each in slopes), 3)
        for variant in VARIANTS
    }
    return {
        "decide_us": decide,
        "pure_step": {"p50_us": p50["pure"], "ratio": ratio["pure"], "fsyncs": syncs["pure"]},
        "effect_step": {
            "p50_us": p50["effect"],
            "ratio": ratio["effect"],
            "fsyncs": syncs["effect"],
        },
        "stock_step": {"p50_us": p50["stock"], "fsyncs": syncs["stock"]},
        "fsync": {"p50_us": disk, "added_ms": fsync_ms},
        "rounds": rounds,
        "fsyncs_counted_by": "strace" if shutil.which("strace") else None,
    }


async def _decide(decisions: int) -> dict[str, int]:
    point = EmbeddedPoint(load(BUNDLE))
    request = _request(point.revision)
    times = []
    for _ in range(decisions):
        began = time.perf_counter()
        await point.decide(request)
        times.append(time.perf_counter() - began)
    point.close()
    times.sort()
    return {
        "p50": round(times[len(times) // 2] * 1e6),
        "p99": round(times[len(times) * 99 // 100] * 1e6),
    }


def _request(revision: str) -> AccessRequest:
    none = Amounts()
    context = Context(
        now=1_800_000_000,
        run=RunFacts(id="run", agent="bench", autonomy=2, refusals=0, revision=revision),
        schema_valid=True,
        labels={"value": TRUSTED},
        tool_schema=schema_digest(tools()[1]),
        version=FACTS,
        cost=Amounts(steps=1, effects=1),
        budget=BudgetFacts(
            limits=Amounts(money_micro=1, tokens=1, steps=100, effects=100, wall_ms=1),
            spent=none,
            reserved=none,
        ),
    )
    return AccessRequest(
        principal=Principal(
            id="agent:bench", tenant="default", roles=("bench",), on_behalf_of="bench"
        ),
        action=Action(tool="bench.effect", action_class="write", arguments={"value": "v"}),
        resource=Resource(type="bench", id="effect"),
        context=context,
    )


def _disk(folder: Path) -> int:
    """Return the median microseconds of an fdatasync after 4 KiB written where the databases lie."""
    times = []
    with (folder / "disk").open("wb", buffering=0) as file:
        for _ in range(SYNCED):
            file.write(b"x" * 4096)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    return round(median(times) * 1e6)


def _round(folder: Path, fsync_ms: int) -> dict[Variant, float]:
    """Return each variant's microseconds a step, measured one after the other so that load falls on all alike."""
    slopes: dict[Variant, float] = {}
    for variant in VARIANTS:
        few = _seconds(variant, FEW, folder / f"{variant}-few", fsync_ms)
        many = _seconds(variant, MANY, folder / f"{variant}-many", fsync_ms)
        slopes[variant] = max(many - few, 1e-9) / (MANY - FEW) * 1e6
    return slopes


def _seconds(variant: Variant, steps: int, place: Path, fsync_ms: int) -> float:
    """Return what the graph took: in this process, or with delayed fsyncs in a traced one."""
    if not fsync_ms:
        return measure(variant, steps, place)
    place.parent.mkdir(parents=True, exist_ok=True)
    delay = f"inject=fsync,fdatasync:delay_exit={fsync_ms * 1000}"
    return float(_traced(variant, steps, place, "--seccomp-bpf", "-e", delay, "-o", os.devnull))


def _traced(variant: Variant, steps: int, place: Path, *options: str) -> str:
    """Run the subject under strace, which stops it at fsyncs only, and return what it printed."""
    subject = [
        sys.executable,
        "-m",
        "interlock.evals.bench.subject",
        variant,
        str(steps),
        str(place),
    ]
    command = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", *options, *subject]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 - our own module


def _syncs(variant: Variant, folder: Path) -> float | None:
    """Return fsyncs a step as counted by strace, or None where there is none."""
    if not shutil.which("strace"):
        return None
    counts = []
    for steps in (FEW, MANY):
        log = folder / f"{variant}-{steps}.strace"
        _traced(variant, steps, folder / f"{variant}-{steps}-traced", "-o", str(log))
        counts.append(len(SYNC.findall(log.read_text("utf-8", "replace"))))
    return round((counts[1] - counts[0]) / (MANY - FEW), 2)
