"""The measurement of claims measures claims."""

from interlock.evals.bench.queue import queue


def test_every_claim_before_the_queue_is_timed() -> None:
    """The runs that are claimed go before those that only stand behind them, and have a figure."""
    figures = queue(queued=50, claims=4, database=None)

    assert (figures["database"], figures["queued"], figures["claims"]) == (
        "sqlite",
        50,
        4,
    )
    assert 0 < figures["claim_ms"]["p50"] <= figures["claim_ms"]["p99"]
