"""The measurement of a fleet counts every step of every run, and compares like with like."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from interlock.evals.bench.fleet import figures
from interlock.evals.bench.fleet_place import Fleet
from interlock.evals.bench.fleet_subject import Kind, Part, Took, measured, queue


async def _at_once() -> None:
    """Wait for nobody."""


@pytest.mark.parametrize("kind", ["stock", "effect"])
async def test_every_step_of_every_run_is_measured(
    tmp_path: Path, database_url: str, kind: Kind
) -> None:
    """All runs of a part are carried to their end, on either database, and each step but the
    first of a run has its time.
    """
    part = Part(kind=kind, url=database_url, folder=str(tmp_path), runs=3, steps=2)
    if kind != "stock":
        await queue(part, tenants=2)

    took = await measured(part, ready=_at_once)

    assert took.steps == 6
    assert len(took.step_ms) == 3
    assert min(took.wall_s, took.processor_s, took.rss_mb) > 0


@dataclass
class _Place:
    """Measures nothing: every step takes a second for each worker that shares the work."""

    asked: list[tuple[str, int, int]] = field(default_factory=list)

    def carried(self, part: Part, *, workers: int = 1, tenants: int = 1) -> Fleet:
        self.asked.append((part.kind, workers, tenants))
        slowness = 1.0 if part.kind == "stock" else 0.5
        took = Took(
            step_ms=(1.0, 2.0),
            steps=10 // workers,
            wall_s=10 * slowness / workers,
            processor_s=1.0,
            rss_mb=1.0,
        )
        return Fleet(parts=(took,) * workers, server_s=0.0)

    def claims(self, runs: int) -> dict[str, float]:
        return {"p50": 1.0, "p99": 2.0}


def test_the_figures_are_ratios_of_pairs() -> None:
    """Each round measures stock and ours once, and the ratios are those of one round."""
    place = _Place()
    told = figures(place, runs=2, steps=5, rounds=2, together=True)

    pair = [("stock", 1, 1), ("effect", 1, 1), ("pure", 1, 1)]
    assert place.asked == [*pair, *pair, *[("effect", 1, 2), ("effect", 2, 2)] * 2]
    assert (told["steps_per_s"], told["stock_steps_per_s"]) == (2.0, 1.0)
    assert (told["ratio"], told["pure"]["ratio"]) == (2.0, 2.0)
    assert told["tenants"]["ratio"] == 2.0
    assert told["step_ms"] == {"p50": 1.0, "p99": 2.0}
    assert {"runs", "workers", "claim_ms", "rss_mb", "cpu_us"} <= told.keys()
