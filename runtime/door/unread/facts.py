"""What the policy is told of what a proposal is given unread, and of what it may tell."""

from collections.abc import Mapping

from sqlalchemy import Connection

from interlock.runtime.door.proposal import Proposal
from interlock.runtime.door.unread.telling import told
from interlock.runtime.policy.request import UnreadFacts
from interlock.runtime.run.run import Run

_NOTHING = UnreadFacts()


def unread(
    connection: Connection,
    run: Run,
    proposal: Proposal,
    *,
    earlier: Mapping[str, int],
) -> UnreadFacts:
    """Return the facts; the ledger is looked at only for a call that may tell anything."""
    if proposal.given is None:
        return _NOTHING
    return UnreadFacts(
        kept=proposal.kept,
        given=tuple(sorted(proposal.given.labels)),
        fault=proposal.given.fault,
        bits=proposal.bits,
        told=told(connection, run, proposal.id, earlier=earlier),
    )
