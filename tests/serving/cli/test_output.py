"""Files that a command leaves: a new one whole, or none."""

from contextlib import suppress
from pathlib import Path

import pytest

from interlock.runtime.errors import BadInput
from interlock.serving.cli.output import NewLines


def test_a_file_of_lines_is_left_whole_or_not_at_all(tmp_path: Path) -> None:
    """Lines are written as they come; a block that fails leaves no file, one without a line makes
    none, and a file that is there stays as it is.
    """
    file = tmp_path / "lines"
    with NewLines(file):
        pass

    assert not file.exists()

    with suppress(KeyError), NewLines(file) as lines:
        lines.write("one")
        raise KeyError

    assert not file.exists()

    with NewLines(file) as lines:
        lines.write("one")
        lines.write("two")
    with pytest.raises(BadInput), NewLines(file) as lines:
        lines.write("three")

    assert file.read_text("utf-8") == "one\ntwo\n"


def test_no_line_is_written_after_the_block(tmp_path: Path) -> None:
    """A thread that was left behind by Ctrl-C writes no more, and makes no file anew."""
    file = tmp_path / "lines"
    lines = NewLines(file)
    with suppress(KeyError), lines:
        raise KeyError
    with pytest.raises(ValueError, match="over"):
        lines.write("late")

    assert not file.exists()
