"""Documents: handed in by people by themselves, and taken up by runs and jobs that begin later."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from interlock.runtime.errors import NotFound
from interlock.runtime.policy.request import Principal
from interlock.runtime.run import subject
from interlock.runtime.run.deposit import Deposit, Deposits
from interlock.serving.home import Home
from interlock.serving.operations.looks import ask
from interlock.tools.documents.document import printable
from interlock.tools.documents.reader import DocumentReader, File
from interlock.tools.documents.sniff import sniff


@dataclass(frozen=True, kw_only=True, slots=True)
class HandedIn:
    """One document as it is kept."""

    deposit: Deposit
    #: The tenant had these bytes before
    repeated: bool


def deposits_of(home: Home) -> Deposits:
    """Return the deposits of *home*."""
    return Deposits(
        store=home.store,
        vault=home.vault,
    )


async def hand_in(home: Home, file: File, *, person: Principal) -> HandedIn:
    """Keep *file* for the person's tenant; the same bytes are kept once.

    Raises `DocumentError` for bytes that are no document or are too many, and `NotPermitted`.
    """
    DocumentReader().checked(file)
    deposits = deposits_of(home)
    new = Deposit(
        digest=file.digest,
        name=printable(file.path.name),
        size=len(file.data),
        kind=sniff(file.data),
    )

    async def work() -> bool:
        return await deposits.keep(
            new,
            file.data,
            tenant=person.tenant,
            by=person.id,
        )

    is_new = await home.runtime.acts.perform(
        "document.keep",
        work,
        person=person,
        arguments={"document": file.digest},
        look=subject.tenant("document", file.digest),
    )
    kept = await deposits.read(file.digest, tenant=person.tenant)
    return HandedIn(deposit=kept or new, repeated=not is_new)


async def erase(home: Home, digest: str, *, person: Principal) -> None:
    """Destroy a document that was handed in; the ledger keeps that it was there, and verifies.

    Raises as `Deposits.erase` does, and `NotPermitted`.
    """

    async def work() -> None:
        await deposits_of(home).erase(
            digest,
            tenant=person.tenant,
            by=person.id,
        )

    await home.runtime.acts.perform(
        "document.erase",
        work,
        person=person,
        arguments={"document": digest},
        look=subject.tenant("document", digest),
    )


async def listed(
    home: Home, *, person: Principal, after: str | None = None, limit: int
) -> Sequence[Deposit]:
    """Return what was handed in at the person's tenant, newest first, after the digest *after*."""
    await ask(home, "document.open", person=person)
    return await deposits_of(home).page(
        tenant=person.tenant,
        after=after,
        limit=limit,
    )


async def facts(home: Home, digest: str, *, person: Principal) -> Deposit | None:
    """Return what is known of the document, None where the person's tenant has no such."""
    await ask(home, "document.open", person=person, arguments={"document": digest})
    return await deposits_of(home).read(digest, tenant=person.tenant)


async def there(home: Home, digest: str, *, person: Principal) -> Deposit:
    """Return what is known of the document; raises `NotFound`."""
    deposit = await facts(home, digest, person=person)
    if deposit is None:
        raise NotFound(
            kind="document",
            name=digest,
            next_step="Hand the document in first.",
        )
    return deposit


async def taken(home: Home, digest: str, *, person: Principal) -> File:
    """Return the document that was handed in; raises `NotFound`."""
    deposit = await there(home, digest, person=person)
    data = await deposits_of(home).data(digest, tenant=person.tenant)
    return File(path=Path(deposit.name), data=data)
