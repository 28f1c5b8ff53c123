"""Whom a system believes: whoever asks, names in arguments, other tenants, and what is over."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from interlock.evals.bypass import house, lax
from interlock.evals.bypass.case import Bypass
from interlock.evals.bypass.counter import HONEST, RITA, Counter, Useless
from interlock.evals.bypass.house import ANA, House
from interlock.evals.bypass.tools import PAY
from interlock.evals.guarantees.patch import both, nothing, replacing, yes
from interlock.evals.guarantees.rules import without_duties, without_rule
from interlock.runtime.door import acts, enforcement, proposal
from interlock.runtime.run.api_key import ApiKey
from interlock.serving.http import caller
from interlock.serving.http.envelope import _Exchange
from interlock.serving.http.service import Service
from interlock.serving.identity.caller import Caller
from interlock.serving.operations import keys

_RUNS: Final = "/v1/runs"
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
_CLAIMED: Final[Mapping[str, Any]] = {
    "approved": True,
    "principal": {"id": "rita", "roles": ["reviewer", "administrator"]},
    "tenant": "demo",
}


async def _claimed(counter: Counter) -> str:
    visit = await counter.begin()
    await visit.tried(
        PAY,
        **HONEST,
        **_CLAIMED,
    )
    return counter.beyond()


async def _other_tenant(counter: Counter) -> str:
    visit = await counter.begin()
    question = await counter.question(await visit.asked(as_call="one"))
    with suppress(Exception):
        await counter.judge(question, person=replace(RITA, tenant="demo"))
    await visit.tried(
        PAY,
        as_call="one",
        **HONEST,
    )
    return counter.beyond()


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


def _believing(run: Any, tool: Any, *, arguments: Any, **options: Any) -> Any:
    """Take out of the arguments whatever the tool does not take."""
    taken = {name: arguments[name] for name in HONEST}
    return proposal.propose(
        run,
        tool,
        arguments=taken,
        **options,
    )


async def _anybody(*_: Any) -> Caller:
    return Caller(
        principal=replace(ANA, roles=("administrator", "analyst")), method="key"
    )


PEOPLE: Final[Mapping[str, Bypass]] = {
    "people.claimed-in-arguments": Bypass(
        program=_claimed,
        without=both(replacing(enforcement, "propose", _believing), without_duties),
    ),
    "people.other-tenant": Bypass(
        program=_other_tenant, without=both(lax.OTHERS, without_rule("tenancy"))
    ),
    "people.no-credential": Bypass(
        program=_no_credential,
        without=replacing(caller, "known", _anybody),
        place=house.opened,
    ),
    "people.revoked-key": Bypass(
        program=_revoked_key,
        without=replacing(ApiKey, "is_good", yes),
        place=house.opened,
    ),
    "people.other-tenants-run": Bypass(
        program=_other_tenants_run,
        without=both(
            replacing(Service, "of", lambda shared, _: shared),
            replacing(acts, "keep_own", lambda look: look),
            without_rule("tenancy"),
        ),
        place=house.opened,
    ),
    "people.rebound-name": Bypass(
        program=_rebound_name,
        without=replacing(_Exchange, "refuse_host", nothing),
        place=house.opened,
    ),
}
