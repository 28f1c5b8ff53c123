"""`interlock release`: made, measured, promoted and taken back by hand; as its page says it."""

import re
import shlex
from pathlib import Path
from typing import Any, Final

PAGE: Final = Path("docs/howto/release-an-agent.md")
ROOT: Final = Path(__file__).resolve().parents[3]
MORE: Final = "- {id: ada, roles: [administrator]}\n"


def test_the_commands_of_the_page_release_and_go_back(used: Path, command: Any) -> None:
    """Each command of the page ends well, in order: the release that was made is in force, and a
    way back leads to the one before.
    """
    (used / "people.yaml").write_text((used / "people.yaml").read_text() + MORE)
    before = create(used, command, "--weight", "planner:local=1")
    assert promote(used, command, before, "rhea").code == 0
    text = (ROOT / PAGE).read_text("utf-8")
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    made = ""
    for line in "".join(blocks).splitlines():
        ran = command(used, *shlex.split(line.replace("DIGEST", made))[1:])
        assert ran.code == 0, (line, ran.err)
        made = made or create(used, command)
    shown = command(used, "release", "show", "--json").value
    turns = command(used, "release", "history", "--json").value
    diff = command(used, "release", "diff", made, "--json").value

    assert shown["release"] == before
    assert [turn["how"] for turn in turns] == ["rolled_back", "promoted", "promoted"]
    assert (diff["before"], diff["after"]) == (made, before)
    [change] = diff["changes"]
    assert (change["part"], change["place"]) == ("weights", "planner.local")
    assert (change["before"], change["after"]) == (None, 1)


def test_who_may_not_is_refused(used: Path, command: Any) -> None:
    """Whoever made a release does not promote it, a reviewer makes none, and what was never in
    force is no way back.
    """
    made = create(used, command)
    own = command(used, "release", "promote", made, "--note", "mine", "--json")
    reviewer = command(used, "release", "create", "--as", "rhea", "--json")
    back = command(used, "release", "rollback", made, "--note", "back", "--json")
    unknown = command(used, "release", "show", "nowhere", "--json")

    assert [own.code, reviewer.code, back.code, unknown.code] == [4, 4, 2, 2]
    assert '"never_in_force"' in back.err


def test_what_is_kept_is_pruned_unless_it_is_named(
    used: Path, tmp_path: Path, command: Any
) -> None:
    """A file is kept by its digest; pruning deletes it as long as no release names it."""
    file = tmp_path / "questions.jsonl"
    file.write_text("{}\n", "utf-8")
    added = command(used, "release", "add", "dataset", str(file), "--json").value
    wrong = command(used, "release", "add", "planet", str(file))
    create(used, command, "--dataset", str(file))
    kept = command(used, "release", "prune", "--json").value
    other = tmp_path / "other.jsonl"
    other.write_text("[]\n", "utf-8")
    spare = command(used, "release", "add", "dataset", str(other), "--json").value
    gone = command(used, "release", "prune", "--json").value

    assert added["digest"] != spare["digest"]
    assert (wrong.code, kept, gone) == (2, [], [spare])


def create(home: Path, command: Any, *more: str) -> str:
    """Make a release, and return its digest."""
    made = command(home, "release", "create", *more, "--json")
    return str(made.value["release"])


def promote(home: Path, command: Any, release: str, person: str) -> Any:
    """Put a release in force."""
    words = ("release", "promote", release, "--note", "agreed", "--as", person)
    return command(home, *words)
