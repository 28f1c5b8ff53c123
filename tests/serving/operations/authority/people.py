"""Who asks for something, and what the ledger says about it."""

import json
from typing import Any

from interlock.runtime.policy.request import Principal
from interlock.runtime.record.audit import exported
from interlock.serving.home import Home

ANALYST = Principal(id="ana", tenant="default", roles=("analyst",))
REVIEWER = Principal(id="rhea", tenant="default", roles=("reviewer",))
ADMINISTRATOR = Principal(id="ada", tenant="default", roles=("administrator",))
AUDITOR = Principal(id="otto", tenant="default", roles=("auditor",))
NOBODY = Principal(id="nemo", tenant="default", roles=())
REQUEST = {"path": "/no/such/contract.pdf", "notify": []}


async def bodies(home: Home) -> list[dict[str, Any]]:
    """Return the bodies of all entries, in the order of the ledger."""
    records: list[dict[str, str | int]] = []
    await exported(home.store, home.ledger, records.append, log=None)
    return [
        json.loads(str(record["body"]))
        for record in records
        if record["kind"] == "entry"
    ]


async def acts(home: Home) -> list[tuple[Any, Any, Any]]:
    """Return what was asked for, the effect and the codes, in the order of the ledger."""
    return [
        (body["tool"], body["effect"], body["codes"])
        for body in await bodies(home)
        if body["event"] == "act"
    ]
