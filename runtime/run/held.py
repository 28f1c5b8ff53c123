"""Held runs: what is told to whoever would record more under a claim that is held already."""

from typing import ClassVar

from interlock.runtime.errors import GuardFailed


class HeldAlready(GuardFailed):
    """The run is held already, for what it was at beside this: nothing more of it is recorded.

    No claim that ends so is a try of the run, unless something else ended the claim.
    """

    is_outage: ClassVar[bool] = True

    def __init__(self, *, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(
            guard=f"run {run_id}",
            why=(
                "it is held: the cost of a step did not fit the budget any more, or what it "
                "depends on could not answer"
            ),
            next_step=(
                f"Look with `interlock run show {run_id}`, raise the budget "
                "(`interlock budget raise`) or mend what is away, then resume."
            ),
        )
