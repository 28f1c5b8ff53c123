"""Jobs: many documents handed in at once, each reviewed once, whoever is killed in between."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from interlock.errors import BadInput, NotPermitted
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.state import differences
from interlock.runtime.run.pin import digest_of
from interlock.runtime.run.queue import Queue
from interlock.serving import batches
from interlock.serving.home import Home, opened
from interlock.serving.operations import jobs, runs, submissions
from interlock.serving.operations.submissions import Submitted
from interlock.serving.submission import Submission, documents
from interlock.serving.workspace import open_workspace

ANALYST = Principal(id="ana", tenant="default", roles=("analyst",))
REVIEWER = Principal(id="rhea", tenant="default", roles=("reviewer",))
ADMINISTRATOR = Principal(id="ada", tenant="default", roles=("administrator",))

TERMS = "Bob shall host the site of Ann. Either party may end this with a notice of a month."


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    """A new home with the shipped policy."""
    settings = open_workspace({}, chosen={"home": str(tmp_path / "home")}).settings
    async with opened(settings) as home:
        yield home


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three contracts, one of them twice, and a file that is no document."""
    folder = tmp_path / "contracts"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.txt").write_text(
            f"SERVICE AGREEMENT {name} between Ann Ltd and Bob Ltd. {TERMS}"
        )
    (folder / "d.txt").write_bytes((folder / "a.txt").read_bytes())
    (folder / "e.pdf").write_bytes(b"")
    return folder


def submission(folder: Path, **fields: Any) -> Submission:
    """Return the submission of everything in *folder*."""
    return Submission(
        agent="contract_review", documents=documents(str(folder)), **fields
    )


async def claimed(home: Home, most: int = 9) -> list[Any]:
    """Return the runs that a worker claims now."""
    pins = await home.runtime.pins("contract_review")
    pinned = digest_of("contract_review", revision=pins.revision, others=pins.others)
    queue = Queue(
        store=home.store, vault=home.vault, by="worker", shares={}, attempts=5
    )
    return (await queue.claim([pinned], most=most)).runs


async def shown(home: Home, job_id: str) -> dict[str, Any]:
    """Return the job as it is shown."""
    return await batches.view(home.runtime.storage, job_id, limit=9)


async def test_what_was_submitted_is_what_is_reviewed(home: Home, folder: Path) -> None:
    """Every document is reviewed once from the bytes that were submitted, and sums up in the job;
    what is no document fails alone, and the same one twice is skipped.
    """
    done = await submissions.submit(home, submission(folder), person=ANALYST)
    for file in folder.iterdir():
        file.unlink()
    for run in await claimed(home):
        ended = await home.drive(run)
        assert ended.status == "done", ended.outcome
    job = await shown(home, done.job)

    assert [item["status"] for item in job["items"]] == [
        *("done", "done", "done"),
        *("skipped", "failed"),
    ]
    assert (job["status"], job["over"], job["counts"]["done"]) == ("done", 5, 3)
    assert [Path(one["path"]).name for one in done.skipped] == ["d.txt", "e.pdf"]
    spent = [(await home.runs.outcome(run))["document"] for run in done.runs]  # type: ignore[index]  # they are done
    assert len(spent) == len(await home.records.list()) == 3
    assert job["spend"]["steps"] > 0
    assert await differences(home.store, home.vault) == []


async def test_a_killed_submission_goes_on_without_doubling(
    home: Home, folder: Path
) -> None:
    """The same command takes what the killed one had not taken, in the same job."""

    def stop(_: Submitted) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await submissions.submit(home, submission(folder), person=ANALYST, told=stop)
    done = await submissions.submit(home, submission(folder), person=ANALYST)
    same = await submissions.submit(home, submission(folder), person=ANALYST)

    assert (done.before, len(done.runs), same.runs) == (1, 2, [])
    assert len(await home.runs.list()) == 3
    assert (await shown(home, done.job))["submitted"] == 5


async def test_a_document_is_reviewed_once_unless_asked_again(
    home: Home, folder: Path
) -> None:
    """What an earlier job reviews is skipped while its review may come; `--again` reviews anew."""
    first = await submissions.submit(home, submission(folder), person=ANALYST)
    more = submission(folder, name="more")
    second = await submissions.submit(home, more, person=ANALYST)
    third = await submissions.submit(
        home, submission(folder, again=True), person=ANALYST
    )
    await jobs.cancel(home, first.job, person=ANALYST)
    other = Principal(id="zoe", tenant="other", roles=("analyst",))
    theirs = await submissions.submit(home, submission(folder), person=other)

    assert (len(first.runs), len(second.runs), len(third.runs)) == (3, 0, 4)
    assert len(theirs.runs) == 3


async def test_two_submissions_at_once_review_a_document_once(
    home: Home, folder: Path
) -> None:
    """Whichever of two jobs takes a document first reviews it; the other one names that run."""
    both = [
        submissions.submit(home, submission(folder, name=name), person=ANALYST)
        for name in ("one", "two")
    ]
    first, second = await asyncio.gather(*both)
    run_ids = [*first.runs, *second.runs]

    assert len(run_ids) == len(await home.runs.list()) == 3
    whys = [skipped["why"] for skipped in (*first.skipped, *second.skipped)]
    assert {why.split()[0] for why in whys if "same document" in why} == set(run_ids)
    assert len(whys) == 7


async def test_what_is_undone_reviews_no_document(home: Home, folder: Path) -> None:
    """A document is taken again while the run that reviewed it is being cancelled with an undo."""
    first = await submissions.submit(home, submission(folder), person=ANALYST)
    for run_id in first.runs:
        await home.runs.cancel(run_id, by=ANALYST.id, undo=True)
    again = submission(folder, name="again")
    second = await submissions.submit(home, again, person=ANALYST)

    assert len(second.runs) == len(first.runs) == 3


async def test_a_name_that_is_no_text_stops_no_document(
    home: Home, tmp_path: Path
) -> None:
    """A file whose name is not UTF-8 is taken as any other; U+FFFD stands for what is no text."""
    folder = tmp_path / "contracts"
    folder.mkdir()
    for name, content in ((b"a\xff.txt", TERMS), (b"b\xff.pdf", "")):
        (folder / os.fsdecode(name)).write_text(content)
    done = await submissions.submit(home, submission(folder), person=ANALYST)
    job = await shown(home, done.job)

    assert [Path(item["path"]).name for item in job["items"]] == [
        "a\ufffd.txt",
        "b\ufffd.pdf",
    ]
    assert [item["status"] for item in job["items"]] == ["queued", "failed"]


async def test_the_same_submission_twice_at_once_is_one_job(
    home: Home, folder: Path
) -> None:
    """Each document is taken by one of the two, and neither calls one of its own a duplicate."""
    both = [
        submissions.submit(home, submission(folder), person=ANALYST) for _ in range(2)
    ]
    first, second = await asyncio.gather(*both)
    skipped = [*first.skipped, *second.skipped]

    assert first.job == second.job
    assert len(first.runs) + len(second.runs) == len(await home.runs.list()) == 3
    assert {Path(one["path"]).name for one in skipped} == {"d.txt", "e.pdf"}


async def test_nothing_of_a_paused_job_is_claimed(home: Home, folder: Path) -> None:
    """A pause reaches the runs that are queued, at work and submitted later, until it is over."""
    numbers = itertools.count()

    def pause_first(_: Submitted) -> None:
        if not next(numbers):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await submissions.submit(
            home, submission(folder), person=ANALYST, told=pause_first
        )
    (listed,) = await jobs.jobs_of(home).page(tenant="default", limit=2)
    (run,) = await claimed(home)
    await jobs.pause(home, listed.id, person=ADMINISTRATOR)
    await home.runs.end(run, "queued", {})
    await submissions.submit(home, submission(folder), person=ANALYST)
    assert (await shown(home, listed.id))["status"] == "paused"
    alone = await runs.start(
        home, person=ANALYST, agent="contract_review", request={"path": "/a.txt"}
    )
    await home.runs.end(alone, "queued", {})
    assert [run.id for run in await claimed(home)] == [alone.id]

    await jobs.resume(home, listed.id, person=ANALYST)
    assert len(await claimed(home)) == 3
    assert await differences(home.store, home.vault) == []


async def test_a_cancelled_job_ends_whole_and_takes_nothing_more(
    home: Home, folder: Path
) -> None:
    """Every open run ends, also one that is at work, and neither documents nor a resume follow."""
    done = await submissions.submit(home, submission(folder), person=ANALYST)
    await claimed(home, most=1)

    assert len(await jobs.cancel(home, done.job, person=ANALYST)) == 3
    for refused in (
        jobs.resume(home, done.job, person=ANALYST),
        jobs.retry(home, done.job, person=ANALYST),
    ):
        with pytest.raises(BadInput) as refusal:
            await refused
        assert refusal.value.code == "job_ended"
    job = await shown(home, done.job)
    assert (job["status"], job["counts"]["cancelled"]) == ("cancelled", 3)


async def test_a_job_that_is_cancelled_or_paused_ends_no_undoing(
    home: Home, folder: Path
) -> None:
    """A run that is being undone is neither cancelled with its job nor kept from workers."""
    done = await submissions.submit(home, submission(folder), person=ANALYST)
    await jobs.pause(home, done.job, person=ANALYST)
    first, *_ = await jobs.jobs_of(home).runs(done.job, ("queued",))
    await home.runs.cancel(first, by=ANALYST.id, undo=True)

    assert len(await jobs.cancel(home, done.job, person=ANALYST)) == 2
    assert [run.id for run in await claimed(home)] == [first]


async def test_a_job_is_undone_whole(home: Home, folder: Path) -> None:
    """What its runs did is taken back, also of those that ended and by a job that was cancelled
    before; a run that did nothing ends, and what was undone is not undone again.
    """
    done = await submissions.submit(home, submission(folder), person=ANALYST)
    first, second, third = await claimed(home)
    assert (await home.drive(first)).status == "done"
    assert (await home.drive(second)).status == "done"
    home.runs.give_back(third)
    before = [record.status for record in await home.records.list()]
    await jobs.cancel(home, done.job, person=ANALYST)
    undoing = await jobs.cancel(home, done.job, person=ANALYST, undo=True)
    for run in await claimed(home):
        assert (await home.drive(run)).status == "cancelled"
    again = await jobs.cancel(home, done.job, person=ANALYST, undo=True)

    assert (sorted(undoing), again) == (sorted([first.id, second.id]), [])
    after = [record.status for record in await home.records.list()]
    assert (before, after) == (["reviewed"] * 2, ["withdrawn"] * 2)
    assert (await shown(home, done.job))["counts"]["cancelled"] == 3
    assert await differences(home.store, home.vault) == []


async def test_a_retry_takes_up_what_failed_from_what_was_submitted(
    home: Home, folder: Path
) -> None:
    """A failed document gets a new run over the same bytes; what is done is left alone."""
    done = await submissions.submit(home, submission(folder), person=ANALYST)
    first, second, third = await claimed(home)
    await home.runs.end(first, "failed", {"error": "broken"})
    await home.drive(second)
    await home.runs.end(third, "failed", {"error": "broken"})
    await runs.erase(home, third.id, person=ADMINISTRATOR)
    for file in folder.iterdir():
        file.unlink()

    assert len(await jobs.retry(home, done.job, person=ANALYST)) == 1
    (again,) = await claimed(home)
    assert (await home.drive(again)).status == "done"
    job = await shown(home, done.job)
    assert (job["counts"]["done"], job["counts"]["failed"]) == (2, 2)
    assert job["over"] == 5
    assert again.id in [item["run_id"] for item in job["items"]]
    assert await differences(home.store, home.vault) == []


async def test_a_dead_run_is_left_to_workers_again(home: Home, folder: Path) -> None:
    """A run that was claimed in vain too often goes back to the queue as if it had never been."""
    done = await submissions.submit(home, submission(folder), person=ANALYST)
    pins = await home.runtime.pins("contract_review")
    pinned = digest_of("contract_review", revision=pins.revision, others=pins.others)
    queue = Queue(
        store=home.store, vault=home.vault, by="worker", shares={}, attempts=0
    )
    dead = (await queue.claim([pinned], most=3)).dead

    assert sorted(await jobs.retry(home, done.job, person=ANALYST)) == sorted(dead)
    again = await claimed(home)
    assert sorted(run.id for run in again) == sorted(dead)
    assert await differences(home.store, home.vault) == []


async def test_the_policy_decides_who_does_what_with_a_job(
    home: Home, folder: Path
) -> None:
    """A reviewer submits, pauses and cancels nothing, and neither does another tenant."""
    with pytest.raises(NotPermitted):
        await submissions.submit(home, submission(folder), person=REVIEWER)
    assert await home.runs.list() == []
    done = await submissions.submit(home, submission(folder), person=ANALYST)
    stranger = Principal(id="ada", tenant="other", roles=("administrator", "analyst"))

    for person in (REVIEWER, stranger):
        for act in (jobs.pause, jobs.resume, jobs.cancel, jobs.retry):
            with pytest.raises(NotPermitted):
                await act(home, done.job, person=person)
