"""The one database and its one writer."""

from interlock.runtime.record.store.database import Store
from interlock.runtime.record.store.opening import migrate
from interlock.runtime.record.store.transaction import Tx

__all__ = ["Store", "Tx", "migrate"]
