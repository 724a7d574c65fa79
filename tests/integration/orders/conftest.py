"""A fresh database of orders, and a street to order in, for each test."""

from collections.abc import Callable, Iterator

import pytest

from services.kernel import failpoints
from services.kernel.db import Database
from tests.support.order_walk import Walk


@pytest.fixture
def walk(database_of: Callable[[str], Database]) -> Walk:
    """The way of an order, on an empty database."""
    return Walk(database_of("orders"))


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    """No failpoint outlives its test."""
    yield
    failpoints.arm("")
