"""What leaves the home by a person's hand: the ledger, and the records that were filed."""

from typing import IO, Any

from interlock.runtime.door.acts import Acts
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.audit import Write, exported
from interlock.runtime.run import subject
from interlock.runtime.storage import Storage
from interlock.serving import batches
from interlock.serving.home import Home
from interlock.serving.results.formats import Format
from interlock.serving.results.row import Results
from interlock.serving.results.writers import WRITERS


async def ledger(
    storage: Storage,
    acts: Acts,
    write: Write,
    *,
    person: Principal,
    log: str | None = None,
) -> None:
    """Write one log or all of them as records for the offline verifier, each log's header first.

    The export holds the entry of this very act, so an export shows who took it. A database that is
    not fit to act on is exported too: what is wrong with its ledger is for an auditor to see.
    """

    async def work() -> None:
        await exported(storage.store, storage.ledger, write, log=log)

    await acts.perform(
        "ledger.export",
        work,
        person=person,
        arguments={},
        look=subject.installation("ledger", log or ""),
    )


async def job(
    home: Home, job_id: str, target: IO[bytes], *, person: Principal, form: Format
) -> int:
    """Write the results of a job to *target*, and return the number of its documents."""

    async def work() -> int:
        results = Results(
            job=job_id,
            items=batches.every_item(home.runtime.storage, job_id),
        )
        return await WRITERS[form](results, target)

    return await home.runtime.acts.perform(
        "record.export",
        work,
        person=person,
        arguments={"run": job_id},
        look=subject.job(job_id),
    )


async def records(home: Home, *, person: Principal) -> list[Any]:
    """Return every record that the person's own tenant has filed of a contract, newest first."""

    async def work() -> list[Any]:
        return list(await home.records.list(tenant=person.tenant))

    return await home.runtime.acts.perform(
        "record.export",
        work,
        person=person,
        arguments={},
        look=subject.tenant("records", "contracts"),
    )
