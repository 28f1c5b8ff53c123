"""What an API answers: to nobody, to a key that is over, to another tenant, to the same order."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from interlock.evals.bypass import house
from interlock.evals.bypass.case import Bypass
from interlock.evals.bypass.counter import Useless
from interlock.evals.bypass.house import ANA, House
from interlock.evals.guarantees.patch import both, nothing, replacing, yes
from interlock.evals.guarantees.rules import without_rule
from interlock.runtime.door import acts
from interlock.runtime.run.api_key import ApiKey
from interlock.serving.http import caller
from interlock.serving.http.envelope import _Exchange
from interlock.serving.http.ordering import order_of
from interlock.serving.http.routes import runs
from interlock.serving.http.service import Service
from interlock.serving.identity.caller import Caller
from interlock.serving.operations import keys

_RUNS: Final = "/v1/runs"
_ORDER: Final = {"agent": "contract_review", "request": {"path": "a.pdf"}}
#: What anybody may ask
_OPEN: Final = frozenset(
    {
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/access/v1/jwks",
        "/.well-known/authzen-configuration",
    }
)
#: Routes that are to be asked for at least
_MANY: Final = 20


async def _no_credential(place: House) -> str:
    described = (await place.client.get("/openapi.json")).json()
    paths = [path for path, of in described["paths"].items() if "get" in of]
    if len(paths) < _MANY:
        raise Useless(f"only {paths} can be asked for")
    told = {
        path: (await place.client.get(path.replace("{", "").replace("}", "")))
        for path in set(paths) - _OPEN
    }
    refused = HTTPStatus.UNAUTHORIZED
    answered = sorted(path for path, one in told.items() if one.status_code != refused)
    return f"answered to nobody: {', '.join(answered)}" if answered else ""


async def _revoked_key(place: House) -> str:
    issued = await place.key()
    before = await place.ask(_RUNS, issued.text)
    await keys.revoke(place.home.desk, issued.key.id, person=ANA)
    after = await place.ask(_RUNS, issued.text)
    if before.status_code != HTTPStatus.OK:
        raise Useless(f"a good key is answered with {before.status_code}")
    return "a revoked key is good" if after.status_code == HTTPStatus.OK else ""


async def _other_tenants_run(place: House) -> str:
    run = await place.home.runtime.start(
        "contract_review", {"path": "/probe", "notify": []}, principal=ANA
    )
    own = await place.ask(f"{_RUNS}/{run.id}", (await place.key()).text)
    stranger = await place.key(replace(ANA, tenant="demo"))
    other = await place.ask(f"{_RUNS}/{run.id}", stranger.text)
    if own.status_code != HTTPStatus.OK:
        raise Useless(f"one's own run is answered with {own.status_code}")
    return (
        f"another tenant reads {run.id}" if other.status_code == HTTPStatus.OK else ""
    )


async def _rebound_name(place: House) -> str:
    issued = await place.key()
    answer = await place.ask(_RUNS, issued.text, Host="harvest.example")
    return "it is asked by any name" if answer.status_code == HTTPStatus.OK else ""


async def _sent_twice(place: House) -> str:
    issued = await place.key()
    headers = {"Authorization": f"Bearer {issued.text}", "Idempotency-Key": "one"}
    for _ in range(3):  # whoever heard no answer sends again
        answer = await place.client.post(
            _RUNS,
            headers=headers,
            json=_ORDER,
        )
        if answer.status_code != HTTPStatus.ACCEPTED:
            raise Useless(f"an order is answered with {answer.text}")
    begun = await place.home.runs.list()
    return f"{len(begun)} runs of one order" if len(begun) > 1 else ""


async def _keyless(request: Any, *, key: str) -> Any:
    """Read an order, and forget its key."""
    return await order_of(request, key="")


async def _anybody(*_: Any) -> Caller:
    return Caller(
        principal=replace(ANA, roles=("administrator", "analyst")), method="key"
    )


ASKING: Final[Mapping[str, Bypass]] = {
    "asking.no-credential": Bypass(
        program=_no_credential,
        without=replacing(caller, "known", _anybody),
        place=house.opened,
    ),
    "asking.revoked-key": Bypass(
        program=_revoked_key,
        without=replacing(ApiKey, "is_good", yes),
        place=house.opened,
    ),
    "asking.other-tenants-run": Bypass(
        program=_other_tenants_run,
        without=both(
            replacing(Service, "of", lambda shared, _: shared),
            replacing(acts, "keep_own", lambda look: look),
            without_rule("tenancy"),
        ),
        place=house.opened,
    ),
    "asking.sent-twice": Bypass(
        program=_sent_twice,
        without=replacing(runs, "order_of", _keyless),
        place=house.opened,
    ),
    "asking.rebound-name": Bypass(
        program=_rebound_name,
        without=replacing(_Exchange, "refuse_host", nothing),
        place=house.opened,
    ),
}
