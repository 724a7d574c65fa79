"""A fresh database of delivery, and a folder for photos, for each test."""

from collections.abc import Callable
from pathlib import Path

import pytest

from services.kernel.db import Database
from services.kernel.files import FileStore
from tests.support.delivery import FakeServices, files_in


@pytest.fixture
def db(database_of: Callable[[str], Database]) -> Database:
    """delivery's database, migrated and empty."""
    return database_of("delivery")


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    """An empty file store."""
    return files_in(tmp_path)


@pytest.fixture
def services() -> FakeServices:
    """identity, and nobody else."""
    return FakeServices()
