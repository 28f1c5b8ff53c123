"""The one database and its one writer."""

from interlock.runtime.record.store.database import Store, migrate
from interlock.runtime.record.store.writer import Tx

__all__ = ["Store", "Tx", "migrate"]
