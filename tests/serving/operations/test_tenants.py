"""Tenants: whoever works in one finds nothing of another, whatever operation or reader is asked."""

import importlib
import inspect
import io
import pkgutil
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
from sqlalchemy import insert, select

from interlock.errors import InterlockError, NotPermitted
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.store import scope, tables
from interlock.runtime.run.handling import Look
from interlock.runtime.run.verdict import Shown
from interlock.runtime.testing import tampering
from interlock.serving import operations
from interlock.serving.home import Home, opened
from interlock.serving.listing import Wanted
from interlock.serving.operations import keys, orders, submissions
from interlock.serving.operations.orders import Order
from interlock.serving.submission import Named, Submission
from interlock.serving.workspace import open_workspace
from interlock.tools.documents.reader import File

OWNER: Final = "default"
ROLES: Final = ("analyst", "reviewer", "auditor", "administrator", "operator")
ANA: Final = Principal(id="ana", tenant=OWNER, roles=ROLES)
STRANGER: Final = Principal(id="eve", tenant="other", roles=ROLES)
READERS: Final = ("view", "batches", "listing", "names", "report", "audit")
WHOLE: Final = (
    "it is about the installation: only the command line of its owner calls it"
)
OWNERS: Final = (
    "it is about the installation, and for its own tenant: see http/test_rollouts.py"
)
NEW: Final = "it makes something new in the person's own tenant and looks nothing up"
#: What is not asked, and why; whatever is added and not listed here is asked
NOT_ASKED: Final = {
    **dict.fromkeys(
        (
            "accounts.open_with_password",
            "accounts.open_by_link",
            "accounts.end_sessions",
            "accounts.close",
            "accounts.refuse_unknown",
            "audit.verified",
            "audit.compared",
            "kill_switches.engage",
            "kill_switches.release",
            "models.served",
            "models.stopped",
            "people.add",
            "people.remove",
            "policies.activate",
            "policies.keep_replaceable",
            "releases.add",
            "releases.artefact_of",
            "releases.create",
            "releases.prune",
            "recoveries.gaps",
            "recoveries.recover",
            "workers.hired",
        ),
        WHOLE,
    ),
    **dict.fromkeys(
        ("releases.promote", "releases.roll_back", "rollouts.start", "rollouts.turn"),
        OWNERS,
    ),
    **dict.fromkeys(
        ("documents.hand_in", "keys.issue", "runs.start", "submissions.submit"), NEW
    ),
    **dict.fromkeys(
        ("looks.ask", "policies.ensure_in_force"),
        "it asks the policy and reads nothing",
    ),
    **dict.fromkeys(
        ("batches.row", "batches.summary", "batches.why", "batches.jobs_in"),
        "it shows what was read already",
    ),
    "jobs.jobs_of": "it reads nothing by itself",
    "listing.since_when": "it reads a time",
    "view.decision": "it shows what was read already",
    "documents.deposits_of": "it reads nothing by itself",
    "view.shares": "it shows what was read already",
}


@dataclass(frozen=True, kw_only=True)
class Things:
    """The ids of what there is, or of nothing at all."""

    run: str
    job: str
    approval: str
    key: str
    tenant: str

    @property
    def names(self) -> set[str]:
        """Every id."""
        return {self.run, self.job, self.approval, self.key}


NOTHING: Final = Things(
    run="run-0000000000aa",
    job="job-0000000000aa",
    approval="apr-0000000000aa",
    key="0000aaaa",
    tenant="nowhere",
)


def asked() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield every public operation and reader by name."""
    inner = [module.name for module in pkgutil.iter_modules(operations.__path__)]
    paths = [f"interlock.serving.operations.{name}" for name in inner]
    paths += [f"interlock.serving.{name}" for name in READERS]
    for path in paths:
        for name, function in vars(importlib.import_module(path)).items():
            is_own = getattr(function, "__module__", "") == path
            if inspect.isfunction(function) and is_own and not name.startswith("_"):
                yield f"{path.rpartition('.')[2]}.{name}", function


@pytest.fixture
async def home(database_url: str, tmp_path: Path) -> AsyncIterator[Home]:
    chosen = {"home": str(tmp_path / "home"), "database": database_url}
    async with opened(open_workspace({}, chosen=chosen).settings) as home:
        yield home


async def filled(home: Home) -> Things:
    """Let the owner's people fill the home, and return what there is."""
    mine = home.of(OWNER)
    file = File(path=Path("secret.txt"), data=b"The owner's own contract.")
    order = Order(agent="contract_review", request={"notify": []}, file=file, key="1")
    run = (await orders.place(mine, order, person=ANA)).run

    async def taken() -> File:
        return file

    named = Named(path=file.path, digest=file.digest, taken=taken)
    job = await submissions.submit(
        mine,
        Submission(agent="contract_review", request={"notify": []}, documents=(named,)),
        person=ANA,
    )
    approval = "apr-0123456789ab"
    row: dict[str, Any] = {column.name: 1 for column in tables.approval.columns}
    for column in tables.approval.columns:
        kind = column.type.python_type
        row[column.name] = b"x" if kind is bytes else "x" if kind is str else 1
    row |= {"id": approval, "run_id": run.id, "tenant": OWNER, "state": "waiting"}
    with tampering(home.store) as connection:
        connection.execute(insert(tables.approval).values(row))
    issued = await keys.issue(mine.desk, "ana", roles=("analyst",), person=ANA)
    return Things(
        run=run.id, job=job.job, approval=approval, key=issued.key.id, tenant=OWNER
    )


def arguments(
    name: str, function: Callable[..., Any], home: Home, things: Things
) -> tuple[list[Any], dict[str, Any], list[Any]]:
    """Return what to call *function* with, and where what it writes arrives."""
    written: list[Any] = []
    target = io.BytesIO()
    values: dict[str, Any] = {
        "home": home,
        "desk": home.desk,
        "storage": home.runtime.storage,
        "store": home.store,
        "acts": home.runtime.acts,
        "person": STRANGER,
        "run_id": things.run,
        "job_id": things.job,
        "approval_id": things.approval,
        "budget_id": things.run,
        "key_id": things.key,
        "action_id": "act",
        "name": things.run,
        "beginning": {"job": things.job, "app": things.approval}.get(
            name.partition(".")[2][:3], things.run
        )[:11],
        "digest": "sha256:0",
        "tenant": things.tenant,
        "log": things.tenant,
        "order": Order(agent="contract_review", document=things.run),
        "shown": Shown(approval=things.approval, evidence="x")
        if name.startswith("approvals.")
        else SimpleNamespace(kind="pdf", digest=""),
        "album": None,
        "leaf": None,
        "after": None,
        "below": None,
        "limit": 50,
        "shadows": True,
        "kind": "tokens",
        "amount": 10**9,
        "verdict": "approved",
        "note": "n",
        "effects": {},
        "happened": True,
        "revision": "",
        "agent": "contract_review",
        "documents": 3,
        "handling": Look(kind="claimed"),
        "arguments": {},
        "wanted": Wanted(),
        "write": written.append,
        "target": target,
        "form": "csv",
        "model": "tiny",
        "replicas": 1,
        "replica": None,
    }
    places: list[Any] = []
    named: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            places.append(Shown(approval=things.approval, evidence="x"))
        elif parameter.default is parameter.empty or parameter.name in {
            "run_id",
            "log",
        }:
            value = values[parameter.name]
            if parameter.kind is parameter.KEYWORD_ONLY:
                named[parameter.name] = value
            else:
                places.append(value)
    if name == "batches.view":
        named |= {"after": -1}
    if name == "record_looks.log_entries":
        named |= {"after": -1}
    return places, named, [written, target]


async def answer(
    name: str, function: Callable[..., Any], home: Home, things: Things
) -> str:
    """Return everything that is told to the stranger, with the ids that were given left out."""
    places, named, written = arguments(name, function, home, things)
    try:
        told = function(*places, **named)
        if inspect.isasyncgen(told):
            told = [one async for one in told]
        elif inspect.isawaitable(told):
            told = await told
    except NotPermitted as error:
        pytest.fail(f"{name}: the stranger came as far as the policy: {error}")
    except InterlockError as error:
        told = (type(error), str(error))
    text = f"{told!r} {written[0]!r} {written[1].getvalue()!r}"
    for given in things.names:
        text = text.replace(given, "ID").replace(given[:11], "ID")
    return text.replace(things.tenant, "TENANT")


def rows(home: Home) -> dict[str, set[tuple[Any, ...]]]:
    """Return every row of the owner's."""
    columns = {table: scope.owner_of(table) for table in tables.metadata.sorted_tables}
    with tampering(home.store) as connection:
        return {
            table.name: {
                tuple(row)
                for row in connection.execute(select(table).where(column == OWNER))
            }
            for table, column in columns.items()
            if column is not None
        }


async def test_nothing_of_another_tenant_is_told_or_touched(home: Home) -> None:
    """What is asked about another tenant's things is answered as for things that nobody has, and
    nothing of the other tenant has changed.
    """
    things = await filled(home)
    before = rows(home)
    theirs = home.of(STRANGER.tenant)
    told: dict[str, str] = {}
    for name, function in asked():
        if name in NOT_ASKED:
            continue
        unknown = await answer(name, function, theirs, NOTHING)
        foreign = await answer(name, function, theirs, things)
        if foreign != unknown:
            told[name] = f"{foreign} instead of {unknown}"

    assert told == {}
    assert rows(home) == before


def test_what_is_not_asked_is_there() -> None:
    """The list of what is not asked names nothing that is gone."""
    assert set(NOT_ASKED) - {name for name, _ in asked()} == set()
