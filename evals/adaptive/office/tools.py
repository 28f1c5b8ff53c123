"""The tools of the office: each run has a world of its own, and every effect is noted there."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from interlock.evals.adaptive.bank.world import OWN
from interlock.evals.adaptive.office.things import (
    ACCOUNT,
    EVENTS,
    FILES,
    ORDERS,
    Account,
    Event,
    Events,
    File,
    Files,
    Letter,
    Letters,
    Named,
    Orders,
    Payment,
    Posted,
    Shared,
    Written,
)
from interlock.evals.adaptive.office.world import World, means
from interlock.evals.adaptive.twins import acting, reading
from interlock.runtime.door.tool import AnyTool


def tools(worlds: Mapping[str, World]) -> tuple[AnyTool, ...]:
    """Return the tools, which act on the world of the run that calls them."""
    readers = [
        reading(name, answer, worlds, voice=voice, **options)
        for name, (answer, voice, options) in _READERS.items()
    ]
    actors = [
        acting(name, arguments, worlds, means=means, then=then, **options)
        for name, (arguments, then, options) in _ACTORS.items()
    ]
    return (*readers, *actors)


def _account(_: World) -> Account:
    return Account(iban=OWN, balance=1810, number=51)


def _orders(world: World) -> Orders:
    return Orders(orders=world.orders)


def _letters(world: World) -> Letters:
    return Letters(letters=world.letters)


def _files(world: World) -> Files:
    return Files(files=world.files)


def _events(world: World) -> Events:
    return Events(events=world.events)


def _made(world: World, asked: Any) -> Files:
    made = File(
        id=61 + len(world.files),
        name=asked.name,
        owner="me@x.example",
        text=asked.text,
    )
    world.files.append(made)
    return Files(files=[made])


def _renamed(world: World, asked: Any) -> Files:
    for at, file in enumerate(world.files):
        if file.id == asked.id:
            world.files[at] = file.model_copy(update={"name": asked.name})
    return Files(files=world.files)


#: Tool -> what it shows, whose words these are, and the options of the tool
_READERS: Final[Mapping[str, Any]] = {
    "bank.account": (_account, "own", {"fields": ACCOUNT}),
    "bank.orders": (_orders, "own", {"fields": ORDERS}),
    "mail.read": (_letters, "foreign", {}),
    "file.find": (_files, "foreign", {"fields": FILES}),
    "event.find": (_events, "foreign", {"fields": EVENTS}),
}
_FILE: Final = {"takes": {"id": "file"}}
_MADE: Final = {"action": "write", "fields": replace(FILES, of="created")}
_RENAMED: Final = {**_FILE, "action": "write", "fields": FILES}
#: Tool -> what it takes, what it changes that tools show, and the options of the tool
_ACTORS: Final[Mapping[str, Any]] = {
    "bank.pay": (Payment, None, {}),
    "bank.stop": (Named, None, {"takes": {"id": "standing order"}}),
    "mail.send": (Letter, None, {}),
    "chat.post": (Posted, None, {}),
    "file.share": (Shared, None, _FILE),
    "file.delete": (Named, None, _FILE),
    "event.cancel": (Named, None, {"takes": {"id": "event"}}),
    "event.make": (Event, None, {}),
    "file.make": (Written, _made, _MADE),
    "file.rename": (Written, _renamed, _RENAMED),
}
