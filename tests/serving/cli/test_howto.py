"""The how-to pages are right: their files are written and their commands run, word for word."""

import json
import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[3]
CONTRACT: Final = (
    ROOT / "evals" / "data" / "contracts" / "domini-sponsorship-agreement.pdf"
)
#: A fenced block with the paragraph above it
_BLOCK: Final = re.compile(r"([^\n]*(?:\n[^\n]+)*)\n\n```(\w+)\n(.*?)```", re.DOTALL)
_FILE: Final = re.compile(r"`([\w/.]+\.\w+)`")
#: A command that is to fail says with which exit code
_CODE: Final = re.compile(r"# ends with (\d+)$")
WAITING: Final = 3
#: As in a shell in which the environment of the tests is active
_SHELL: Final = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
}


def _steps(page: str) -> Iterator[tuple[str, str, str]]:
    """Yield each block of a page: its language, the file it is for, its text."""
    text = (ROOT / "docs" / "howto" / page).read_text("utf-8")
    for above, language, block in _BLOCK.findall(text):
        names = _FILE.findall(above.rpartition("\n\n")[2])
        yield language, names[-1] if names else "", block


def _followed(page: str, folder: Path, programs: Any) -> dict[str, str]:
    """Do what the page says, and return what each command printed; a file is written as a whole."""
    printed = {}
    for language, file, block in _steps(page):
        if language != "console":
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block, "utf-8")
            continue
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words[0] == "cd":
                folder = folder / words[1]
                continue
            done = programs.run(*words, folder=folder, environment=_SHELL)
            failing = _CODE.search(line)
            code = int(failing[1]) if failing else 0
            assert done.returncode == code, (line, done.stdout, done.stderr)
            printed[line] = done.stdout
    return printed


@pytest.fixture(scope="module")
def rule_followed(
    tmp_path_factory: pytest.TempPathFactory, programs: Any
) -> tuple[Path, dict[str, str]]:
    """A workspace in which the page about rules was followed."""
    folder = tmp_path_factory.mktemp("rules")
    return folder, _followed("add-a-rule.md", folder, programs)


def test_the_page_about_rules_ends_with_a_rule_that_is_verified(
    rule_followed: tuple[Path, dict[str, str]],
) -> None:
    """Each command of the page ends well, and `verify` asks the new rule."""
    _, printed = rule_followed

    assert "rule recipients" in printed["interlock verify"]
    assert (rule_followed[0] / "policies" / "bundle.tar.gz").exists()


def test_the_main_job_is_permitted_under_the_rule(
    rule_followed: tuple[Path, dict[str, str]], programs: Any
) -> None:
    """A review goes on to its mail, which waits for a person, and a mail to six is denied."""
    folder, _ = rule_followed
    review = ("interlock", "review", str(CONTRACT), "--json")
    few = programs.run(*review, "--notify", "a@example.com", folder=folder)
    six = [
        word for number in range(6) for word in ("--notify", f"p{number}@example.com")
    ]
    many = programs.run(*review, *six, folder=folder)

    assert few.returncode == WAITING, few.stdout + few.stderr
    assert "too_many_recipients" not in few.stdout
    assert "too_many_recipients" in many.stdout


def test_the_page_about_tools_ends_with_a_tool_that_acts(
    tmp_path: Path, programs: Any
) -> None:
    """The page's tool is tested, reviewed, granted, and sets a reminder."""
    printed = _followed("add-a-tool.md", tmp_path, programs)

    assert "reminder.set" in printed["interlock policy sync"]
    (reminder,) = (tmp_path / "diary" / "reminders").iterdir()
    assert reminder.read_text("utf-8") == "2027-01-31 Dentist"


def test_the_page_about_workers_ends_with_what_was_queued_done(
    tmp_path: Path, programs: Any
) -> None:
    """The page's worker takes both runs, and each of them is done."""
    printed = _followed("run-workers.md", tmp_path, programs)
    lines = printed["interlock worker --until-idle"].splitlines()

    assert [line.split()[1:] for line in lines] == [["contract_review", "done"]] * 2


def test_the_page_about_portfolios_ends_with_a_page_of_both(
    tmp_path: Path, programs: Any
) -> None:
    """The page's job is done, and both of its contracts stand on the page, the worse one first."""
    printed = _followed("review-a-portfolio.md", tmp_path, programs)
    page = (tmp_path / "portfolio.html").read_text("utf-8")

    assert "done, 2 of 2 over (2 done)" in printed["interlock batch show job-"]
    assert page.index("<b>supply.txt</b>") < page.index("<b>hosting.txt</b>")


def test_the_page_about_mcp_ends_with_a_note_on_the_server(
    tmp_path: Path, programs: Any
) -> None:
    """The page's server is listed, its tool is reviewed, granted, and takes a note."""
    printed = _followed("use-mcp-tools.md", tmp_path, programs)

    assert "mcp.notes.count" in printed["interlock policy sync"]
    assert (tmp_path / "notebook" / "notes.txt").read_text("utf-8") == "Milk\n"


def test_the_page_about_own_cases_ends_with_cases_that_hold(
    tmp_path: Path, programs: Any
) -> None:
    """The cases that are begun with are red; under the page's policy the page's own are green."""
    printed = _followed("test-your-own-agent.md", tmp_path, programs)

    assert "breached, not held" in printed["interlock eval run notes  # ends with 5"]
    green = json.loads(printed["interlock eval run notes --json --html notes.html"])
    assert green["counts"] == {"worked": 1, "held": 2}
    assert (tmp_path / "notes" / "notes.html").exists()


def test_the_page_about_words_ends_with_the_effects_that_they_ask_for(
    tmp_path: Path, programs: Any
) -> None:
    """The page's agent settles what the words ask for; a question, another amount and a claim that
    nobody looked at settle nothing.
    """
    printed = _followed("bound-a-run-by-its-words.md", tmp_path, programs)

    assert "worked: 1" in printed["interlock eval run claims"]
    assert "held: 3" in printed["interlock eval run claims"]
