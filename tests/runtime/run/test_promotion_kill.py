"""Kill -9 at any moment of a promotion: the old release or the new one, with its own policy."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.runtime.run.test_release import OURS, THEIRS, made, turned

from interlock.runtime.run import activation, promotion
from interlock.runtime.testing import World

SUBJECT = Path(__file__).with_name("promotion_subject.py")


async def prepared(folder: Path) -> dict[str, str]:
    """Return the policy of each of two releases, the first of them in force."""
    async with World(folder) as world:
        first, second = await made(world), await made(world, THEIRS)
        await turned(world, first)
    return {first: OURS.revision, second: THEIRS.revision}


async def survived(folder: Path, policies: dict[str, str]) -> str:
    """Return the release in force, which has its own policy; the ledger verifies."""
    async with World(folder) as world:
        name = await world.store.read(
            lambda look: promotion.newest(look, world.vault).release
        )
        policy = await world.store.read(
            lambda look: activation.newest(look, world.vault).revision
        )
        assert policy == policies[name]
        assert (await world.verify()).problems == []
    return name


def killed(folder: Path, point: str, names: list[str], *, after_s: float) -> int:
    """Let the subject turn releases until it dies at *point* or is killed; return how it ended."""
    words = [sys.executable, str(SUBJECT), str(folder), point, *names]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own interpreter and script
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(after_s)
        if point == "forever":
            process.send_signal(signal.SIGKILL)
        return process.wait(timeout=60)


@pytest.mark.parametrize("point", ["turned", "committed"])
async def test_a_promotion_is_whole_or_not_at_all(tmp_path: Path, point: str) -> None:
    """Killed before the commit the old release is in force, and after the commit the new one."""
    policies = await prepared(tmp_path)
    first, second = policies
    assert killed(tmp_path, point, [second], after_s=0) == -signal.SIGKILL

    expected = {"turned": first, "committed": second}
    assert await survived(tmp_path, policies) == expected[point]


async def test_killed_at_any_time_it_is_one_of_the_two(tmp_path: Path) -> None:
    """However often a process that promotes is killed, release and policy belong together."""
    policies = await prepared(tmp_path)
    chance = random.Random(7)  # noqa: S311 - the same moments at every run
    for _ in range(5):
        after_s = chance.uniform(0.0, 0.5)
        killed(tmp_path, "forever", list(reversed(policies)), after_s=after_s)
        await survived(tmp_path, policies)
