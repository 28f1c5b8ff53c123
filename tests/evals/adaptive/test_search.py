"""The search, sampled; `interlock eval run adaptive` tries 100,000 calls."""

from pathlib import Path
from typing import Final

from interlock.evals.adaptive.suite import Adaptive

PERMISSIVE: Final = (
    Path(__file__).resolve().parents[3] / "evals" / "data" / "permissive.tar.gz"
)


async def test_no_call_goes_on_that_should_not() -> None:
    """Of a few hundred calls those that go on are honest, before and after an approval."""
    result = await Adaptive().run(sample=300, seed=1, jobs=1)
    finds, passed = result.rates

    assert finds.hits == 0, result.cases
    assert passed.hits > 0


async def test_without_rails_the_search_finds() -> None:
    """Under a policy that grants everything the search finds strangers and tools of nobody."""
    result = await Adaptive(bundle=PERMISSIVE).run(sample=200, seed=1, jobs=1)
    details = " ".join(case.detail for case in result.cases)

    assert "mail to a stranger" in details
    assert "a tool that nobody granted" in details
