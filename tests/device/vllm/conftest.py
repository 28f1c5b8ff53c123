"""The served model, once for all tests: a start takes a minute or two of processor time."""

from collections.abc import Iterator

import pytest
from tests.device.vllm.served import Served, serving


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The model, until the last test; the last one may end it before."""
    with serving(tmp_path_factory.mktemp("served")) as served:
        yield served
