"""Shortages above a run: the budget of its job or tenant leaves too little for what it asks."""

from typing import ClassVar

from interlock.runtime.errors import GuardFailed


class BudgetUsedUp(GuardFailed):
    """The budget of the run's job or tenant is used up: the claim ends and the run is held.

    The run is not at fault, so the claim is no try of the run.
    """

    is_outage: ClassVar[bool] = True

    def __init__(
        self,
        *,
        budget: str,
        kind: str,
        why: str,
    ) -> None:
        self.budget = budget
        self.kind = kind
        super().__init__(
            guard=f"budget {budget}",
            why=why.rstrip("."),
            next_step=f"Raise it with `interlock budget raise {budget} {kind} AMOUNT`.",
        )
