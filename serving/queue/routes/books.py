"""The books: the policy in force, what is spent, and the ledger."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from interlock.runtime.run import subject
from interlock.serving.audit import verified
from interlock.serving.operations import looks
from interlock.serving.queue.frame import page
from interlock.serving.queue.inclusion import inclusion
from interlock.serving.queue.record import record
from interlock.serving.queue.rulebook import rulebook
from interlock.serving.queue.spending import accounts
from interlock.serving.queue.visitor import Visiting, Visitor

router = APIRouter()


@router.get("/policy")
async def policy_page(visitor: Visiting) -> Response:
    """Show the policy in force: rules, codes, grants, and its earlier revisions."""
    policy = await rulebook(visitor.home)
    await looks.ask(
        visitor.home,
        "policy.read",
        person=visitor.person,
        look=subject.installation("policy", policy.revision),
        arguments={"revision": policy.revision},
    )
    return page(visitor, "policy.html", here="/policy", policy=policy)


@router.get("/budgets")
async def budgets_page(visitor: Visiting) -> Response:
    """Show what is spent of each limit."""
    await looks.ask(visitor.home, "budget.read", person=visitor.person)
    return page(
        visitor,
        "budgets.html",
        here="/budgets",
        accounts=await accounts(visitor),
    )


@router.get("/audit")
async def audit_page(visitor: Visiting, below: int = 0) -> Response:
    """Show the tenant's log: its head, its newest checkpoint and its entries."""
    return await _audit(visitor, below=below)


@router.get("/audit/entries/{seq}")
async def entry_page(request: Request, visitor: Visiting, seq: int) -> Response:
    """Show one entry, and step by step that it is in the log."""
    await looks.ask(visitor.home, "ledger.read", person=visitor.person)
    return page(
        visitor,
        "inclusion.html",
        here="/audit",
        proof=await inclusion(visitor, request.app.state.proofs, seq),
        key=visitor.home.ledger.public_key.hex(),
    )


@router.get("/audit/entries/{seq}/proof")
async def proof_file(request: Request, visitor: Visiting, seq: int) -> Response:
    """Hand out the proof as a file for a program elsewhere."""
    await looks.ask(visitor.home, "ledger.read", person=visitor.person)
    proof = await inclusion(visitor, request.app.state.proofs, seq)
    name = f"entry-{seq}.json"
    return JSONResponse(
        proof.file,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.post("/audit/verify")
async def verify(visitor: Visiting) -> Response:
    """Verify the tenant's log now, sealed payloads included, and show what came of it."""
    return await _audit(visitor, is_verifying=True)


async def _audit(
    visitor: Visitor, *, below: int = 0, is_verifying: bool = False
) -> Response:
    await looks.ask(visitor.home, "ledger.read", person=visitor.person)
    audit = None
    if is_verifying:
        audit = await verified(visitor.home, log=visitor.tenant)
    return page(
        visitor,
        "audit.html",
        here="/audit",
        record=await record(visitor, below=max(below, 0)),
        audit=audit,
    )
