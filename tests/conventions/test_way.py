"""The documents name every file that one permitted write runs through."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from interlock.evals.bench.policy import policy
from interlock.evals.bench.subject import PRINCIPAL, tools
from interlock.runtime.door.outcome import Done
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.run.run import NewRun
from interlock.runtime.testing import PLENTY, TOOLBOX, World

_HEADING: Final = "\n## Follow one write\n"
_FILE: Final = re.compile(r"`((?:runtime|policies)/[\w/]+\.\w+)`")


class Seen:
    """Collects the file of every function that is called in the threads that look."""

    def __init__(self) -> None:
        self.files: set[str] = set()

    def look(self) -> None:
        """Collect from now on in this thread."""
        sys.setprofile(self._called)

    def _called(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            self.files.add(frame.f_code.co_filename)


@contextmanager
def looking(seen: Seen) -> Iterator[None]:
    """Collect in this thread until the end of the block."""
    seen.look()
    try:
        yield
    finally:
        sys.setprofile(None)


async def test_who_follows_a_write_is_told_every_file(
    root: Path, tmp_path: Path
) -> None:
    """The files listed for the reader are those in which functions run, no more and no fewer."""
    seen = Seen()
    point = EmbeddedPoint(policy())
    async with World(tmp_path, tools=tools(), pdp=point, clock=time.time) as world:
        new = NewRun(
            agent=TOOLBOX,
            principal=PRINCIPAL,
            request={},
            limits=PLENTY,
            autonomy=2,
            revision=point.revision,
            intent=None,
        )
        run = await world.runs.start(new)
        # The first write compiles statements; what follows is what every write does.
        await world.pep.enforce(
            run, tool="bench.effect", arguments={"value": "v"}, call_id="0"
        )
        await world.store.durable(run.claim)
        await world.store.write(lambda tx: seen.look())  # in the writer's thread
        with looking(seen):
            outcome = await world.pep.enforce(
                run, tool="bench.effect", arguments={"value": "v"}, call_id="1"
            )
            await world.store.durable(run.claim)
        await world.store.write(lambda tx: sys.setprofile(None))
    point.close()
    inside = root / "runtime"
    ran = {Path(file).resolve() for file in seen.files if file.endswith(".py")}
    ours = {str(file.relative_to(root)) for file in ran if file.is_relative_to(inside)}
    idea = (root / "docs/idea.md").read_text("utf-8")
    listed = _FILE.findall(idea.partition(_HEADING)[2].partition("\n## ")[0])

    assert isinstance(outcome, Done)
    assert sorted(listed) == sorted(ours)
