"""A fresh database of identity for each test, and one password hasher for all."""

from collections.abc import Callable

import pytest

from services.identity.passwords import Passwords
from services.kernel.db import Database


@pytest.fixture
def db(database_of: Callable[[str], Database]) -> Database:
    """identity's database, migrated and empty."""
    return database_of("identity")


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    """As in the service."""
    return Passwords()
