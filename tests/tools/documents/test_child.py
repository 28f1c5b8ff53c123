"""A document's child ends on time, whatever happens in it, and gives a document or a reason."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from interlock.tools.documents import DocumentError, DocumentReader, Limits

MakePdf = Callable[..., bytes]


@pytest.fixture
def slow(tmp_path: Path, make_pdf: MakePdf) -> Path:
    """Return a small PDF that takes its parser many seconds: 600,000 text operators on one page."""
    path = tmp_path / "slow.pdf"
    path.write_bytes(
        make_pdf([b"BT /F1 1 Tf " + b"(a) Tj " * 600_000 + b"ET"], compress=True)
    )
    return path


def children() -> list[int]:
    """Return the parser processes of this test run."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if (
                parent == os.getpid()
                and b"interlock.tools.documents" in (entry / "cmdline").read_bytes()
            ):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


async def started() -> int:
    """Return the first parser process, once there is one."""
    while not (found := children()):  # noqa: ASYNC110 - another process tells no event
        await asyncio.sleep(0.01)
    return found[0]


async def refusal(path: Path, limits: Limits) -> DocumentError:
    """Return why the file is refused."""
    with pytest.raises(DocumentError) as caught:
        await DocumentReader(limits=limits).read(path)
    return caught.value


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (Limits(wall_s=0.5), "0.5 s"),
        (Limits(cpu_s=1), "CPU time"),
        (Limits(memory_bytes=100 * 1024 * 1024), "bytes of memory"),
    ],
)
async def test_a_parser_out_of_bounds_is_ended(
    slow: Path, limits: Limits, why: str
) -> None:
    """A PDF that takes too long, too much CPU or too much memory is refused soon, by the limit it
    hit.
    """
    begin = time.monotonic()
    error = await refusal(slow, limits)
    assert error.code == "limit"
    assert why in error.detail
    assert time.monotonic() - begin < 8
    assert children() == []


async def test_a_child_that_is_killed_gives_a_reason(slow: Path) -> None:
    """When something else kills the child, the caller gets a typed error, not a traceback or half a
    document.
    """
    reading = asyncio.create_task(refusal(slow, Limits()))
    os.kill(await started(), signal.SIGKILL)
    error = await reading
    assert error.code == "limit"
    assert "killed" in error.detail


async def test_cancelling_a_read_ends_its_child(
    slow: Path, reader: DocumentReader
) -> None:
    """A read that nobody waits for leaves no process behind."""
    reading = asyncio.create_task(reader.read(slow))
    await started()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert children() == []


async def test_reads_do_not_wait_for_each_other(
    slow: Path, tmp_path: Path, reader: DocumentReader
) -> None:
    """While one document is slow, the loop runs and another is read."""
    quick = tmp_path / "quick.txt"
    quick.write_bytes(b"quick")
    blocked = asyncio.create_task(refusal(slow, Limits(wall_s=1.0)))
    document = await reader.read(quick)
    assert document.text == "quick"
    assert not blocked.done()
    assert (await blocked).code == "limit"
