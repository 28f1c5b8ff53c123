"""A home with an issuer at which people sign in."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.serving.identity.provider import Provider, settings_of, with_provider

from interlock.serving import desk as desks
from interlock.serving.desk import Desk
from interlock.serving.identity.identity import Identity


@pytest.fixture
def provider(clock: Any) -> Provider:
    """An issuer that names itself in each answer."""
    provider = Provider(clock=clock)
    provider.document["authorization_response_iss_parameter_supported"] = True
    return provider


@pytest.fixture
async def desk(home: Path, clock: Any) -> AsyncIterator[Desk]:
    """A home with that issuer."""
    async with desks.opened(settings_of(home), clock=clock) as desk:
        yield desk


@pytest.fixture
def who(desk: Desk, provider: Provider) -> Identity:
    """Who asks there."""
    return with_provider(desk, provider)
