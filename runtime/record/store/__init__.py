"""The one database and its one writer."""

from interlock.runtime.record.store.database import Store, migrate
from interlock.runtime.record.store.writer import Event, Tx

__all__ = ["Event", "Store", "Tx", "migrate"]
