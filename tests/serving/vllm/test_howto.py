"""The page about served models is right: its catalogue is read, its commands are there."""

import re
import shlex
from pathlib import Path
from typing import Final, get_args

from interlock.serving.cli.models import application
from interlock.serving.vllm.catalogue import missing, read
from interlock.serving.vllm.command import command
from interlock.serving.vllm.ending import Cause
from interlock.serving.vllm.model import _OPENING, Patience
from interlock.serving.vllm.options import _CODE, _REFUSED
from interlock.tools.models.replicas import State

PAGE: Final = (
    Path(__file__).resolve().parents[3] / "docs" / "howto" / "serve-models.md"
).read_text("utf-8")


def test_the_catalogue_of_the_page_is_one(tmp_path: Path) -> None:
    """What the page shows is read as it stands, and each of its files is looked for."""
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    file = tmp_path / "models.yaml"
    file.write_text(block)
    catalogue = read(file)
    words = command("contracts", catalogue.models["contracts"], number=1)

    assert words[words.index("--port") + 1] == "8001"
    assert len(list(missing(catalogue, file))) == 4


def test_the_commands_of_the_page_are_there() -> None:
    """Every `interlock models` command that the page shows is one."""
    known = {
        command.name or getattr(command.callback, "__name__", "")
        for command in application.registered_commands
    }
    shown = {shlex.split(line)[2] for line in re.findall(r"interlock models \w+", PAGE)}

    assert shown == known


def test_every_state_cause_and_refusal_is_explained() -> None:
    """Whoever meets one finds the page to say what becomes of it, with the true numbers."""
    words = {*get_args(State), *get_args(Cause), *_CODE, *_REFUSED, *_OPENING}
    patience = Patience()

    assert [word for word in words if word not in PAGE and "ssl" not in word] == []
    assert f"broke {patience.restarts} times within an hour" in PAGE
    assert patience.restarts_within_s == 3_600
    assert patience.silent_probes == 3
