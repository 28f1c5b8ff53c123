"""`/v1/audit`: the log of your tenant, with what is needed to check it without trusting us."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import IO, Annotated, Final

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from interlock.runtime.record.proofs import Proof
from interlock.serving.http.caller import HomeOf, PersonOf, ServiceOf
from interlock.serving.http.documented import problems
from interlock.serving.http.listing import Listing
from interlock.serving.http.values.page import Page, Wanted
from interlock.serving.http.values.record import (
    CheckpointRow,
    ConsistencyWanted,
    Entries,
    EntriesWanted,
    Entry,
    InclusionWanted,
    LogHead,
    ProofView,
)
from interlock.serving.operations import exports, record_looks

router = APIRouter(prefix="/v1/audit", tags=["audit"])
LINES: Final = "application/x-ndjson"
_CHUNK: Final = 64 * 1024
_ENTRIES: Final = "entries"
_CHECKPOINTS: Final = "checkpoints"


@router.get("/log", responses=problems())
async def get_log(home: HomeOf, asking: PersonOf) -> LogHead:
    """Show the head of your tenant's log, and the key under which it is signed."""
    return LogHead.model_validate(asdict(await record_looks.log(home, person=asking)))


@router.get("/entries", responses=problems("bad_cursor"))
async def list_entries(
    shared: ServiceOf, asking: PersonOf, wanted: Annotated[EntriesWanted, Query()]
) -> Entries:
    """List the entries of your tenant's log, the oldest first."""
    listing = Listing(
        shared=shared,
        name=_ENTRIES,
        asking=asking,
        wanted=wanted,
    )
    told = await record_looks.log_entries(
        shared.home,
        person=asking,
        after=-1 if listing.after_number is None else listing.after_number,
        limit=listing.limit,
        shadows=wanted.shadows,
    )
    page = listing.page(
        told.bodies, place=lambda body: body["seq"], shown=Entry.model_validate
    )
    return Entries(data=page.data, next=page.next, shadows=dict(told.shadows))


@router.get("/checkpoints", responses=problems("bad_cursor"))
async def list_checkpoints(
    shared: ServiceOf, asking: PersonOf, wanted: Annotated[Wanted, Query()]
) -> Page[CheckpointRow]:
    """List the signed checkpoints of your tenant's log, the newest first."""
    listing = Listing(
        shared=shared,
        name=_CHECKPOINTS,
        asking=asking,
        wanted=wanted,
    )
    listed = await record_looks.checkpoints(
        shared.home,
        person=asking,
        below=listing.after_number,
        limit=listing.limit,
    )
    return listing.page(
        listed,
        place=lambda checkpoint: checkpoint.size,
        shown=lambda checkpoint: CheckpointRow.model_validate(asdict(checkpoint)),
    )


@router.get("/inclusion", responses=problems())
async def prove_inclusion(
    shared: ServiceOf, asking: PersonOf, wanted: Annotated[InclusionWanted, Query()]
) -> ProofView:
    """Prove that an entry is in the log, after RFC 6962, section 2.1.1."""
    await record_looks.ask_log(shared.home, person=asking)
    proof = await shared.proofs.inclusion(asking.tenant, wanted.seq, size=wanted.size)
    return _shown(proof)


@router.get("/consistency", responses=problems())
async def prove_consistency(
    shared: ServiceOf, asking: PersonOf, wanted: Annotated[ConsistencyWanted, Query()]
) -> ProofView:
    """Prove that the log begins with what you know of it, after RFC 6962, section 2.1.2."""
    await record_looks.ask_log(shared.home, person=asking)
    proof = await shared.proofs.consistency(
        asking.tenant, wanted.first, size=wanted.size
    )
    return _shown(proof)


@router.post(
    "/export",
    response_class=StreamingResponse,
    responses={
        **problems(),
        200: {
            "description": "One record a line, for `interlock audit verify --file`",
            "content": {LINES: {"schema": {"type": "string"}}},
        },
    },
)
async def export_log(home: HomeOf, asking: PersonOf) -> StreamingResponse:
    """Export your tenant's log for the offline verifier; the log of the home says who took it."""
    # The file is on the disk of the server, nameless, and gone when it is sent.
    target = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it is sent
    try:
        await exports.ledger(
            home.runtime.storage,
            home.runtime.acts,
            lambda record: _written(target, record),
            person=asking,
            log=asking.tenant,
        )
    except BaseException:
        target.close()
        raise
    return StreamingResponse(sent(target), media_type=LINES)


async def sent(target: IO[bytes]) -> AsyncIterator[bytes]:
    """Yield the file from its beginning, and close it."""
    with target:
        target.seek(0)
        while part := await asyncio.to_thread(target.read, _CHUNK):
            yield part


def _written(target: IO[bytes], record: dict[str, str | int]) -> None:
    target.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))


def _shown(proof: Proof) -> ProofView:
    return ProofView(
        size=proof.size,
        root=proof.root.hex(),
        hashes=[one.hex() for one in proof.path],
    )
