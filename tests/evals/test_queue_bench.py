"""The measurements of queues measure claims of workers, and looks of reviewers."""

from interlock.evals.bench.approvals import approvals
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


def test_every_page_of_the_reviewer_queue_is_timed() -> None:
    """As many approvals wait as were asked for, and each page has its figures."""
    figures = approvals(waiting=50, looks=2)

    assert (figures["waiting"], figures["looks"]) == (50, 2)
    for page in ("list", "filtered", "page"):
        assert 0 < figures[page]["p50_ms"] <= figures[page]["p99_ms"]
        assert figures[page]["cpu_ms"] > 0
