"""Pays one invoice with the runtime alone: `python one_invoice.py INVOICE ORDER`."""

import asyncio
import json
import sys
from pathlib import Path

from interlock import Principal, Runtime, rails
from invoices import InvoiceClerk, Payable
from invoices.books import Books

ANN = Principal(id="ann", tenant="default", roles=("analyst",))
RHEA = Principal(id="rhea", tenant="default", roles=("reviewer",))


async def main(invoice: str, order: str) -> None:
    """Start a run for Ann; whatever waits, Rhea approves."""
    async with Runtime.open(
        database="sqlite:///clerk.db",
        keys=Path("keys"),
        policy=rails(Path("policies")),
        agents=[InvoiceClerk(Books(folder=Path("books")))],
    ) as runtime:
        request = Payable(invoice=invoice, order=order)
        run = await runtime.start("invoices", request, principal=ANN)
        ended = await runtime.drive(run)
        for waiting in await runtime.approvals.list(run=run.id, state="waiting"):
            approval = await runtime.approvals.read(waiting.id)
            await runtime.decide(
                approval.id,
                person=RHEA,
                verdict="approved",
                shown=approval.evidence_digest,
                note="compared with the delivery note",
            )
            ended = await runtime.resume(run.id)
        print(json.dumps({"status": ended.status, **ended.outcome}))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
