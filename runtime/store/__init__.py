"""The one database and its one writer."""

from interlock.runtime.store.database import Store, migrate
from interlock.runtime.store.writer import Event, Tx

__all__ = ["Event", "Store", "Tx", "migrate"]
