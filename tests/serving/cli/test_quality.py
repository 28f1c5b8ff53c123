"""`interlock quality`: how people reviewed, and canaries, by hand; as its page says it."""

import re
import shlex
from pathlib import Path
from typing import Any, Final

PAGE: Final = Path("docs/howto/measure-review-quality.md")
ROOT: Final = Path(__file__).resolve().parents[3]
MORE: Final = "- {id: ada, roles: [administrator]}\n"


def test_the_commands_of_the_page_place_and_show(used: Path, command: Any) -> None:
    """Each command of the page about review quality ends well in a home with its catalogue; what it
    places waits for people, and what it shows is everybody's.
    """
    (used / "people.yaml").write_text(people(used) + MORE, "utf-8")
    text = (ROOT / PAGE).read_text("utf-8")
    (own,) = re.findall(r"`canaries.yaml`.*?```yaml\n(.*?)```", text, re.DOTALL)
    (used / "canaries.yaml").write_text(own, "utf-8")
    ran = {
        line: command(used, *shlex.split(line)[1:])
        for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL)
        for line in block.splitlines()
    }
    listed = command(used, "approvals", "list", "--json").value

    assert [one.code for one in ran.values()] == [0] * len(ran), ran
    assert "Placed: 3 of 3" in ran["interlock quality seed 3 --as ada"].out
    shown = ran["interlock quality show --as ada --json"].value
    assert [row["person"] for row in shown["people"]] == [""]
    assert len(listed) == 4


def test_who_may_not_place_canaries_is_refused(used: Path, command: Any) -> None:
    """A reviewer and an analyst place none, no number beyond the limit is taken, and a reviewer
    sees the own figures alone.
    """
    refused = [
        command(used, "quality", "seed", "1", "--as", name) for name in ("rhea", "ana")
    ]
    many = command(used, "quality", "seed", "21")
    own = command(used, "quality", "show", "--as", "rhea", "--json")

    assert [one.code for one in (*refused, many)] == [4, 4, 2]
    assert (own.code, own.value["people"]) == (0, [])


def people(home: Path) -> str:
    return (home / "people.yaml").read_text("utf-8")
