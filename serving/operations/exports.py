"""What leaves the home by a person's hand: the ledger, and the records that were filed."""

from typing import Any

from interlock.runtime.policy.request import Principal
from interlock.runtime.record.ledger import export
from interlock.runtime.run import subject
from interlock.serving.home import Home


async def ledger(home: Home, *, person: Principal) -> list[dict[str, Any]]:
    """Return the ledger as records for the offline verifier, the header first.

    The export holds the entry of this very act, so an export shows who took it.
    """

    async def work() -> list[dict[str, Any]]:
        records = await home.store.read(lambda connection: list(export(connection)))
        header = {
            "kind": "log",
            "origin": home.ledger.origin,
            "public_key": home.ledger.public_key.hex(),
        }
        return [header, *records]

    return await home.runtime.acts.perform(
        "ledger.export",
        work,
        person=person,
        arguments={},
        look=subject.installation("ledger", home.ledger.origin),
    )


async def records(home: Home, *, person: Principal) -> list[Any]:
    """Return every record that was filed about a contract, newest first."""

    async def work() -> list[Any]:
        return list(await home.records.list())

    return await home.runtime.acts.perform(
        "record.export",
        work,
        person=person,
        arguments={},
        look=subject.tenant("records", "contracts"),
    )
