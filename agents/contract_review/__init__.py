"""The contract review agent."""

from interlock.agents.contract_review.workflow import ContractReview

__all__ = ["ContractReview"]
