"""The command `interlock models serve`."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.progress import (
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from interlock.serving.cli import session
from interlock.serving.cli.models_catalogue import File, catalogue_file
from interlock.serving.cli.session import As, AsJson, err
from interlock.serving.cli.show import shown

if TYPE_CHECKING:
    from interlock.serving.vllm.model import ServedModel
    from interlock.serving.vllm.pool import Pool
    from interlock.tools.models.replicas import Replica

_STYLES: Final = {"ready": "green", "failed": "red", "down": "yellow"}
#: How often the last line of a log is shown while a server starts
_EVERY_S: Final = 1.0
_LOOKED_AT: Final = 4_096
_SHOWN: Final = 100


def serve(
    name: Annotated[str, typer.Argument(help="The model, as models.yaml names it.")],
    file: File = None,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Start the replicas of a model, announce each when it generates, and keep them.

    A server that breaks or hangs is started anew, later each time, until it has failed too often.
    Ctrl-C or SIGTERM drains the replicas and ends them; a second one ends them at once.
    """
    from interlock.serving.vllm.catalogue import model_of, read
    from interlock.serving.vllm.pool import Pool

    place = catalogue_file(file)
    model = model_of(read(place), place, name)
    home = _recorded(name, model, person)

    async def work() -> "tuple[Replica, ...]":
        with _shown(home, name, as_json=as_json) as screen:
            pool = Pool(name, model, home=home, told=screen.told)
            _heed_signals(pool)
            looking = asyncio.ensure_future(screen.look())
            try:
                await pool.serve()
            finally:
                looking.cancel()
            return pool.replicas

    replicas = asyncio.run(work())
    has_failed = any(replica.state == "failed" for replica in replicas)
    session.leave(session.FAILED_CLOSED if has_failed else session.DONE)


def _recorded(name: str, model: "ServedModel", person: str | None) -> Path:
    """Record that the model is served, and return the home; raises `NotPermitted`."""
    from interlock.serving.operations.models import served

    settings = session.configured()
    who = session.starting(settings, person)
    session.act(
        lambda desk: served(desk, name, replicas=model.replicas, person=who),
        using=settings,
    )
    return settings.home


def _heed_signals(pool: "Pool") -> None:
    """Let the first signal drain the pool and the second one kill it."""
    loop = asyncio.get_running_loop()
    heard: list[int] = []

    def hear(number: int) -> None:
        heard.append(number)
        if len(heard) == 1:
            pool.stop()
        else:
            pool.kill()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, hear, number)


class _Screen:
    """Shows each replica: with a terminal one line that is alive, else a line for each change."""

    def __init__(
        self, home: Path, name: str, *, bar: Progress | None, as_json: bool
    ) -> None:
        self._home = home
        self._name = name
        self._bar = bar
        self._as_json = as_json
        self._rows: dict[int, tuple[TaskID, Replica]] = {}

    def told(self, number: int, replica: "Replica") -> None:
        """Show what a replica has become."""
        what = f"{self._name}/{number} {replica.state} {replica.url}"
        if self._as_json:
            row = {"model": self._name, "replica": number}
            session.print_json(row | replica.model_dump(mode="json"))
        elif self._bar is None:
            session.say(f"{what} {replica.why}".strip())
        if self._bar is None:
            return
        if number in self._rows:
            self._bar.remove_task(self._rows.pop(number)[0])
        style = _STYLES.get(replica.state, "")
        row_id = self._bar.add_task(
            f"[{style}]{what}[/]" if style else what,
            total=None,
            said=shown(replica.why).plain,
        )
        self._rows[number] = (row_id, replica)

    async def look(self) -> None:
        """Show the last line of the log of each server that starts, for as long as it runs."""
        from interlock.serving.vllm.pool import log_of

        while self._bar is not None:
            for number, (row_id, replica) in self._rows.items():
                if replica.state == "starting":
                    line = _last_line(log_of(self._home, self._name, number))
                    self._bar.update(row_id, said=line)
            await asyncio.sleep(_EVERY_S)


@contextmanager
def _shown(home: Path, name: str, *, as_json: bool) -> Iterator[_Screen]:
    if as_json or not err.is_terminal:
        yield _Screen(home, name, bar=None, as_json=as_json)
        return
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[said]}", markup=False),
        console=err,
    )
    with bar:
        yield _Screen(home, name, bar=bar, as_json=as_json)


def _last_line(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _LOOKED_AT))
            lines = file.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return ""
    line = next((line for line in reversed(lines) if line.strip()), "")
    return shown(line.strip()[-_SHOWN:]).plain
