"""A fresh database of settlement for each test."""

from collections.abc import Callable

import pytest

from services.kernel.db import Database
from tests.support.settlement import Books


@pytest.fixture
def db(database_of: Callable[[str], Database]) -> Database:
    """settlement's database, migrated and empty."""
    return database_of("settlement")


@pytest.fixture
def books(db: Database) -> Books:
    """Settlement with a fake channel."""
    return Books(db)
