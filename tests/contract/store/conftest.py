"""An open store on each kind of database."""

from collections.abc import AsyncIterator

import pytest

from interlock.runtime.record.store import Store


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    opened = Store.open(database_url)
    yield opened
    opened.close()
