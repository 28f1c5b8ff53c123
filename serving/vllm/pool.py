"""The pool of a model: its replicas side by side, what the home says of them, orders to them."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeAlias

from interlock.runtime.errors import GuardFailed
from interlock.serving.vllm import orders
from interlock.serving.vllm.clock import Clock, SystemClock
from interlock.serving.vllm.command import command, environment, key
from interlock.serving.vllm.ending import Ending
from interlock.serving.vllm.keeper import Keeper
from interlock.serving.vllm.model import ServedModel
from interlock.serving.vllm.probe import VllmProbe
from interlock.serving.vllm.server import Process, Server
from interlock.tools.models.replicas import Replica, Replicas, place, write
from interlock.tools.outbound.destination import Destination

#: Hears of a replica by its number
Told: TypeAlias = Callable[[int, Replica], None]
HOST: Final = "127.0.0.1"
_LISTENS_EVERY_S: Final = 0.5


class Pool:
    """The replicas of one model on this machine; *told* hears of every change."""

    def __init__(
        self,
        name: str,
        model: ServedModel,
        *,
        home: Path,
        told: Told,
        clock: Clock | None = None,
    ) -> None:
        self._name = name
        self._model = model
        self._home = home
        self._told = told
        self._clock = clock or SystemClock()
        self._keepers = [self._keeper(number) for number in range(model.replicas)]
        self._replicas: dict[int, Replica] = {}
        self._working: asyncio.Future[list[None]] | None = None

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """What is known of each replica, in their order."""
        return tuple(self._replicas[number] for number in sorted(self._replicas))

    async def serve(self) -> None:
        """Keep the replicas until each is stopped or failed.

        Raises `BadInput` where another process serves the model.
        """
        with orders.serving(self._home, self._name):
            orders.forget(self._home, self._name)
            self._working = asyncio.gather(*(one.keep() for one in self._keepers))
            listening = asyncio.ensure_future(self._listen())
            try:
                with suppress(asyncio.CancelledError):
                    await self._working
            finally:
                listening.cancel()
                # Where a keeper broke the others would go on, and nobody would hear of them.
                self._working.cancel()
                await asyncio.wait({self._working})

    def stop(self, replica: int | None = None) -> None:
        """Drain and stop one replica, or all of them; not awaited."""
        keepers = self._keepers if replica is None else self._keepers[replica:][:1]
        for keeper in keepers:
            keeper.stop()

    def kill(self) -> None:
        """End every server at once, whatever it has under way; not awaited."""
        if self._working is not None:
            self._working.cancel()

    async def _listen(self) -> None:
        while True:
            order = orders.heard(self._home, self._name)
            if order is not None:
                self.stop(order.replica)
            await self._clock.sleep(_LISTENS_EVERY_S)

    def _keeper(self, number: int) -> Keeper:
        model = self._model
        server = Destination.parse(
            f"http://{HOST}:{model.ports[number]}",
            reach="any",
        )

        async def start() -> Server | Ending:
            return await self._started(number)

        def told(replica: Replica) -> None:
            self._note(number, replica)

        return Keeper(
            url=f"{server.url}/v1",
            patience=model.patience,
            start=start,
            probe=VllmProbe(
                server=server,
                model=self._name,
                key=key(model),
                patience_s=model.patience.probe_s,
            ),
            clock=self._clock,
            told=told,
        )

    async def _started(self, number: int) -> Server | Ending:
        port = self._model.ports[number]
        if _is_taken(port):
            # Whoever is there might answer the probe in place of the server.
            detail = f"somebody listens at {HOST}:{port}"
            return Ending(cause="port_taken", detail=detail)
        try:
            return await Process.started(
                command(self._name, self._model, number=number),
                environment=environment(self._model, number=number),
                log=log_of(self._home, self._name, number),
            )
        except (OSError, GuardFailed) as error:
            return Ending(cause="no_program", detail=str(error))

    def _note(self, number: int, replica: Replica) -> None:
        self._replicas[number] = replica
        write(self._home, Replicas(model=self._name, replicas=self.replicas))
        self._told(number, replica)


def log_of(home: Path, model: str, number: int) -> Path:
    """Return the file that the server of a replica writes what it says to."""
    return place(home, model).with_name(f"{model}-{number}.log")


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False
