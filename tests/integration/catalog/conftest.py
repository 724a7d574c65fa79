"""A fresh database of catalog for each test."""

from collections.abc import Callable

import pytest

from services.kernel.db import Database


@pytest.fixture
def db(database_of: Callable[[str], Database]) -> Database:
    """catalog's database, migrated and empty."""
    return database_of("catalog")
