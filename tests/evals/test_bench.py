"""The benchmark measures what it says, and its JSON has exactly the promised fields."""

import shutil
from pathlib import Path
from typing import get_args

import pytest

from interlock.evals.bench import gate as bench
from interlock.evals.bench.subject import Variant, measure


@pytest.mark.parametrize("variant", get_args(Variant))
def test_every_variant_runs(tmp_path: Path, variant: Variant) -> None:
    """Each variant runs its steps on a database of its own and says how long the graph took."""
    spent = measure(variant, 3, tmp_path / variant)

    assert spent.processor_s > 0
    assert 0 < spent.wall_s < 60
    assert list((tmp_path / variant).glob("*.db"))


def test_the_figures_have_the_promised_fields(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One round gives latencies in microseconds, ratios to the stock step, fsyncs as counted, and
    leaves nothing behind.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bench, "MANY", 10)
    found = bench.gate(rounds=1, decisions=20)
    traced = shutil.which("strace") is not None

    assert found.keys() == {
        "decide_us",
        "pure_step",
        "effect_step",
        "stock_step",
        "fsync",
        "rounds",
        "fsyncs_counted_by",
    }
    assert found["decide_us"].keys() == {"p50", "p99"}
    assert 0 < found["decide_us"]["p50"] <= found["decide_us"]["p99"]
    stock = {"p50_us", "cpu_us", "fsyncs"}
    assert found["stock_step"].keys() == stock
    assert found["pure_step"].keys() == stock | {"ratio", "cpu_ratio"}
    assert found["effect_step"].keys() == stock | {"ratio", "cpu_ratio"}
    assert found["fsync"]["p50_us"] > 0
    assert found["fsync"]["added_ms"] == 0
    assert found["rounds"] == 1
    assert found["fsyncs_counted_by"] == ("strace" if traced else None)
    assert all(
        (found[step]["fsyncs"] is not None) == traced
        for step in ("pure_step", "effect_step", "stock_step")
    )
    assert list(tmp_path.iterdir()) == []
