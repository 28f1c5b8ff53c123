"""A compiled policy that misbehaves: whatever it does, nothing happens, and the reason says what
was wrong.
"""

import asyncio
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from tests.runtime.policy.engine.faults.misshapen import (
    BUSY_S,
    CLASSES,
    GOOD,
    MISSHAPEN,
    carried,
)
from wasmtime import Engine

from interlock.runtime.door.outcome import Done
from interlock.runtime.errors import GuardFailed
from interlock.runtime.policy.decision import Denied
from interlock.runtime.policy.engine.bundle import Bundle, load
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.policy.engine.module import _Clock
from interlock.runtime.policy.request import ActionClass
from interlock.runtime.testing import REVISION, Effects, World
from interlock.serving.policy.opa import find_opa

#: The fault that the policy is to do is read from the argument
SHOWN = {"tools": {"note": {"arguments": {"text": {"shown": True}}}}}
REGO = f"""package rails

fault := input.action.arguments.text

decision := {json.dumps(GOOD)} if fault == "good"

decision := {json.dumps(GOOD | {"revision": "another"})} if fault == "revision"

decision := data.misshapen[fault]

decision := 1 if fault == "trap"

decision := 2 if fault == "trap"

decision := count([1 |
	some a in numbers.range(1, 400)
	some b in numbers.range(1, 400)
	some c in numbers.range(1, 400)
	some d in numbers.range(1, 400)
	d < 0
]) if fault == "endless"

decision := count(numbers.range(1, 100000000)) if fault == "memory"
"""
#: Fault of the module -> the reasons that may be given for it
EMBEDDED = {
    "endless": {"pdp_timeout", "pdp_unavailable"},
    "memory": {"pdp_unavailable"},
    "trap": {"pdp_unavailable"},
    "undefined": {"pdp_undefined"},
    "revision": {"pdp_revision"},
} | {name: {"pdp_malformed"} for name in MISSHAPEN}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle whose policy does what its argument says, built by the real OPA."""
    folder = tmp_path_factory.mktemp("faults")
    (folder / "rails.rego").write_text(REGO)
    find_opa().run(
        "build",
        "-t",
        "wasm",
        "-e",
        "rails/decision",
        "-o",
        folder / "out.tar.gz",
        folder / "rails.rego",
    )
    with tarfile.open(folder / "out.tar.gz") as archive:
        member = archive.extractfile("/policy.wasm")
        assert member is not None
        wasm = member.read()
    return Bundle(
        revision=REVISION,
        wasm=wasm,
        data={"misshapen": MISSHAPEN, "rails": {"config": SHOWN}},
        messages={},
    )


@pytest.fixture(scope="module")
def embedded(bundle: Bundle) -> Iterator[EmbeddedPoint]:
    point = EmbeddedPoint(bundle, deadline_s=BUSY_S)
    yield point
    point.close()


@pytest.mark.parametrize("action_class", CLASSES)
@pytest.mark.parametrize("fault", EMBEDDED)
async def test_a_faulty_module_is_a_deny(
    embedded: EmbeddedPoint, tmp_path: Path, fault: str, action_class: ActionClass
) -> None:
    """A policy that does not end, fills memory, traps, is undefined or answers anything else has no
    effect.
    """
    outcome, done = await carried(tmp_path, embedded, action_class, fault)

    assert isinstance(outcome, Denied)
    assert {*outcome.codes} <= EMBEDDED[fault]
    assert done == []


@pytest.mark.parametrize("fault", ["endless", "memory", "trap"])
async def test_an_engine_serves_again_after_a_fault(
    embedded: EmbeddedPoint, tmp_path: Path, fault: str
) -> None:
    """After a fault, on every instance, the same engine decides the next request as ever."""
    for number in range(3):
        await carried(tmp_path / f"{number}", embedded, "write", fault)
    outcome, done = await carried(tmp_path / "good", embedded, "write", "good")

    assert isinstance(outcome, Done)
    assert done == ["good"]


@pytest.mark.parametrize("action_class", CLASSES)
async def test_a_closed_engine_is_a_deny(
    bundle: Bundle, tmp_path: Path, action_class: ActionClass
) -> None:
    """An engine that was closed denies; it does not raise."""
    point = EmbeddedPoint(bundle)
    point.close()
    point.close()
    outcome, done = await carried(tmp_path, point, action_class, "good")

    assert isinstance(outcome, Denied)
    assert outcome.codes == ("pdp_unavailable",)
    assert done == []


async def test_an_engine_with_all_instances_stuck_denies_in_time(
    bundle: Bundle, tmp_path: Path
) -> None:
    """Requests that find every instance busy are denied; none waits for long, none acts."""
    point, effects = EmbeddedPoint(bundle), Effects()
    async with (
        World(tmp_path, tools=[effects.tool("note")], pdp=point) as world,
        asyncio.timeout(20),
    ):
        run = await world.start()
        outcomes = await asyncio.gather(
            *(
                world.pep.enforce(
                    run, tool="note", arguments={"text": "endless"}, call_id=f"{n}"
                )
                for n in range(8)
            )
        )
    point.close()

    assert all(isinstance(each, Denied) for each in outcomes)
    assert effects.done == []


def test_a_module_that_is_none_does_not_load(bundle: Bundle) -> None:
    """Bytes that are no policy module are refused at construction."""
    for wasm in (b"", b"\x00asm\x01\x00\x00\x00", b"junk"):
        with pytest.raises(GuardFailed):
            EmbeddedPoint(Bundle(revision=REVISION, wasm=wasm, data={}, messages={}))


@pytest.mark.parametrize(
    "damage",
    ["missing", "junk", "truncated", "no module", "no revision", "data of text"],
)
def test_a_damaged_bundle_does_not_load(tmp_path: Path, damage: str) -> None:
    """A bundle that is not whole is refused when it is read."""
    data = {"no revision": b'{"rails": {}}', "data of text": b'"x"'}.get(
        damage, b'{"rails":{"build":{"revision":"r"}}}'
    )
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in {"/data.json": data, "/policy.wasm": b"w"}.items():
            if not (damage == "no module" and name == "/policy.wasm"):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    raw = {"junk": b"junk", "truncated": buffer.getvalue()[:60]}.get(
        damage, buffer.getvalue()
    )
    if damage != "missing":
        (tmp_path / "bundle.tar.gz").write_bytes(raw)

    with pytest.raises(GuardFailed):
        load(tmp_path / "bundle.tar.gz")


def test_every_class_is_covered() -> None:
    """The classes above are all but "read", which is carried like "pure"."""
    assert {*CLASSES, "read"} == {*get_args(ActionClass)}


async def test_an_endless_policy_is_stopped_at_its_deadline(
    bundle: Bundle, tmp_path: Path
) -> None:
    """The deadline ends an evaluation before memory does, also after the clock has rested."""
    point = EmbeddedPoint(bundle, deadline_s=0.01)
    try:
        for number in range(2):
            outcome, _ = await carried(tmp_path / str(number), point, "pure", "endless")
            assert outcome.codes == ("pdp_timeout",)
            await asyncio.sleep(0.5)  # the clock rests by then
    finally:
        point.close()


def test_closing_ends_a_clock_that_is_about_to_rest() -> None:
    """A close that comes just before the clock rests is not slept through."""
    clock = _Clock(Engine(), tick_s=0.01)
    clock.close()

    resting = threading.Thread(target=clock.rest, daemon=True)
    resting.start()
    resting.join(timeout=5)

    assert not resting.is_alive()
