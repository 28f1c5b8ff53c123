"""The label of a run: what it has read and what went wrong count, its own and nobody else's."""

from pathlib import Path

import pytest
from tests.runtime.door.enforcement.notes import WEB, durable, raising

from interlock.runtime.door.outcome import Failed, Unknown
from interlock.runtime.door.tool import ToolFailed
from interlock.runtime.graph.answer import reply
from interlock.runtime.graph.model import Refused
from interlock.runtime.policy.label import TRUSTED, UNVOUCHED, Label
from interlock.runtime.policy.request import ActionClass
from interlock.runtime.testing import StaticPoint, World


async def test_reading_untrusted_data_taints_the_run(world: World) -> None:
    """After a read the run holds the joined label, and later arguments that are not the principal's
    carry it.
    """
    assert isinstance(world.pdp, StaticPoint)
    run = await world.start(request={"to": "bob@example.com"})
    await world.pep.enforce(
        run,
        tool="note.write",
        arguments={"text": "x", "to": "bob@example.com"},
        call_id="1",
    )
    await world.pep.enforce(
        run, tool="web.read", arguments={"text": "https://evil.test"}, call_id="2"
    )
    await world.pep.enforce(
        run,
        tool="note.write",
        arguments={"text": "anything", "to": "bob@example.com"},
        call_id="3",
    )
    before, _, after = (each.context.labels for each in world.pdp.asked)

    assert before["text"] == UNVOUCHED.join(TRUSTED)
    assert after["text"] == WEB.join(UNVOUCHED).join(TRUSTED)
    assert after["to"] == TRUSTED
    assert (await world.runs.read(run.id)).label == after["text"]


@pytest.mark.parametrize("action", ["read", "write"])
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ToolFailed(code="gone", detail="it says 4711"), "gone"),
        (ToolFailed(code="it says 4711"), "error"),
        (ValueError("it says 4711"), "error"),
        (TimeoutError("it says 4711"), "timeout"),
    ],
)
async def test_what_a_failing_tool_says_is_labelled_and_the_agent_is_told_a_code(
    tmp_path: Path, action: ActionClass, error: Exception, code: str
) -> None:
    """The words of a failure count like the worst that the tool could have read, and reach people
    alone.
    """
    failing = raising(error, name="note", action=action, codes=("gone",))
    async with World(tmp_path, tools=[failing]) as world:
        run = await world.start()
        outcome = await world.pep.enforce(
            run, tool="note", arguments={"text": "a"}, call_id="1"
        )
        await durable(world, run)
        label = (await world.runs.read(run.id)).label
        *_, entry = await world.entries()

    worst = Label(
        integrity="untrusted", confidentiality="confidential", sources=("tool:note",)
    )
    assert isinstance(outcome, Failed | Unknown)
    assert "4711" in outcome.detail
    assert label == worst.join(UNVOUCHED).join(TRUSTED)
    assert entry["failure"] == code
    assert "4711" not in str(reply(outcome, call_id="1", tool="note").content)
    assert "4711" not in str(Refused(outcome))


@pytest.mark.parametrize("error", [ToolFailed(code="gone"), TimeoutError()])
async def test_a_failure_that_is_a_code_and_no_word_labels_nothing_new(
    tmp_path: Path, error: Exception
) -> None:
    """A code out of the tool's closed set says nothing that was read, so the run goes on as it
    was.
    """
    failing = raising(error, name="note", action="read", codes=("gone",))
    async with World(tmp_path, tools=[failing]) as world:
        run = await world.start(request={"text": "a"})
        await world.pep.enforce(
            run, tool="note", arguments={"text": "a", "to": "a"}, call_id="1"
        )
        await durable(world, run)

        assert (await world.runs.read(run.id)).label == TRUSTED


async def test_a_tool_says_how_bad_the_words_of_its_failure_are(tmp_path: Path) -> None:
    """A label of its own stands for what the tool says when it fails."""
    failing = raising(ValueError("no"), name="note", action="read", failing=WEB)
    async with World(tmp_path, tools=[failing]) as world:
        run = await world.start()
        await world.pep.enforce(run, tool="note", arguments={"text": "a"}, call_id="1")
        await durable(world, run)

        label = (await world.runs.read(run.id)).label
        assert label == WEB.join(UNVOUCHED).join(TRUSTED)


async def test_the_label_survives_into_the_next_claim(world: World) -> None:
    """A run that is claimed again holds what it held before."""
    assert isinstance(world.pdp, StaticPoint)
    run = await world.start()
    await world.pep.enforce(run, tool="web.read", arguments={"text": "a"}, call_id="1")
    await durable(world, run)
    later = await world.reclaim(run)
    await world.pep.enforce(
        later, tool="note.write", arguments={"text": "b"}, call_id="2"
    )

    assert later.label.integrity == "untrusted"
    assert world.pdp.asked[-1].context.labels["text"].integrity == "untrusted"


async def test_labels_do_not_leak_between_runs(world: World) -> None:
    """What one run has read taints no other."""
    assert isinstance(world.pdp, StaticPoint)
    first, second = await world.start(), await world.start()
    await world.pep.enforce(
        first, tool="web.read", arguments={"text": "a"}, call_id="1"
    )
    await world.pep.enforce(
        second, tool="note.write", arguments={"text": "b"}, call_id="1"
    )

    assert world.pdp.asked[-1].context.labels["text"].integrity == "unvouched"
