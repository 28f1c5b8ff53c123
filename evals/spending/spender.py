"""The processes that spend: forked from one that has read the program, and killed at any moment."""

import asyncio
import json
import os
import random
import sys
import traceback
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from interlock.evals.spending.tree import KIND, TENANT, names
from interlock.runtime.policy.request import Amounts
from interlock.runtime.record import logs
from interlock.runtime.record.store import Store, Tx
from interlock.runtime.run import budget
from interlock.runtime.run.movement import Shortage

#: Whose name says that all are to come to their end
END: Final = "end"
#: What one move costs at most, and how far it may go beyond what was reserved
_MOST: Final = 9
_BEYOND: Final = 2
#: The first runs are spent from so much more that they and their jobs are used up first
_UNEVEN: Final = 3
#: How many moves are charges without a reservation; how many reservations are released
_AT_ONCE: Final = 0.3
_RELEASED: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class Order:
    """What one process is to do."""

    url: str
    #: Where it writes what it begins and what it was told
    journal: str
    spenders: int
    runs: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class _Spenders:
    """Spenders of one process, with one journal."""

    order: Order
    store: Store
    journal: int

    async def spend(self, number: int) -> None:
        """Spend until the end is said."""
        chance = random.Random(self.order.seed * 1_000 + number)  # noqa: S311 - no secret
        end = Path(self.order.journal).with_name(END)
        runs = names(self.order.runs)
        while not end.exists():
            place = int(len(runs) * chance.random() ** _UNEVEN)
            await self._move(
                runs[place],
                chance,
            )

    async def _move(self, run: str, chance: random.Random) -> None:
        """Charge at once, or reserve and then settle or release."""
        cost = chance.randint(
            1,
            _MOST,
        )
        if chance.random() < _AT_ONCE:
            await self._charge(
                run,
                cost,
            )
            return
        action = f"{self.order.seed}-{chance.getrandbits(64)}"
        if not await self._reserve(
            run,
            action,
            cost,
        ):
            return
        if chance.random() < _RELEASED:
            await self._write(
                lambda tx: budget.release(
                    tx,
                    action_id=action,
                )
            )
            return
        await self._settle(
            run,
            action,
            chance.randint(
                0,
                cost + _BEYOND,
            ),
        )

    async def _charge(self, run: str, cost: int) -> None:
        amounts = Amounts(**{KIND: cost})
        self._note(
            "begun",
            run,
            cost,
        )
        shortage = await self._write(
            lambda tx: budget.charge(
                tx,
                budget_id=run,
                cost=amounts,
                actual=amounts,
            )
        )
        self._note(
            "answered",
            run,
            cost,
            0 if shortage else cost,
        )
        self._told(shortage)

    async def _reserve(self, run: str, action: str, cost: int) -> bool:
        amounts = Amounts(**{KIND: cost})
        shortage = await self._write(
            lambda tx: budget.reserve(
                tx,
                budget_id=run,
                action_id=action,
                tenant=TENANT,
                cost=amounts,
            )
        )
        self._told(shortage)
        return shortage is None

    async def _settle(self, run: str, action: str, actual: int) -> None:
        amounts = Amounts(**{KIND: actual})
        self._note(
            "begun",
            run,
            actual,
        )
        spent = await self._write(
            lambda tx: budget.charge_reserved(
                tx,
                action_id=action,
                actual=amounts,
            )
        )
        self._note(
            "answered",
            run,
            actual,
            getattr(
                spent,
                KIND,
            ),
        )

    def _told(self, shortage: Shortage | None) -> None:
        if shortage is not None:
            self._note(
                "refused",
                shortage.level,
            )

    async def _write(self, work: Callable[[Tx], Any]) -> Any:
        return await self.store.write(
            work,
            logs=(TENANT,),
        )

    def _note(self, what: str, where: str, asked: int = 0, spent: int = 0) -> None:
        """Write one line at once: a kill afterwards takes nothing of it away."""
        line = json.dumps([what, where, asked, spent])
        os.write(
            self.journal,
            f"{line}\n".encode(),
        )


def serve() -> None:
    """Fork a process for every order on standard input; at its end wait for all of them.

    Prints the id of each process, and at the end how many ended with an error of their own.
    """
    processes = []
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            _be(Order(**json.loads(line)))
        processes.append(process)
        print(
            process,
            flush=True,
        )
    codes = [
        os.waitstatus_to_exitcode(
            os.waitpid(
                one,
                0,
            )[1]
        )
        for one in processes
    ]
    print(
        sum(code > 0 for code in codes),
        flush=True,
    )


def _be(order: Order) -> NoReturn:
    """Be one of the processes."""
    try:
        asyncio.run(_spend(order))
    except BaseException:  # noqa: BLE001 - told to whoever looks, and by the code
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


async def _spend(order: Order) -> None:
    journal = os.open(
        order.journal,
        os.O_WRONLY | os.O_CREAT | os.O_APPEND,
        0o600,
    )
    store = Store.open(order.url)
    store.attach(lock=_lock)
    spenders = _Spenders(
        order=order,
        store=store,
        journal=journal,
    )
    try:
        await asyncio.gather(
            *map(
                spenders.spend,
                range(order.spenders),
            )
        )
    finally:
        store.close()


def _lock(tx: Tx, named: Collection[str]) -> None:
    """Lock the heads of logs as the ledger does; nothing is written to the logs here."""
    for log in named:
        logs.frontier(
            tx.connection,
            log,
            lock=True,
        )
