"""A migrated database for each service, emptied before each test that asks for it."""

import os
from collections.abc import Callable, Iterator

import pytest

from services.kernel.db import Database
from services.kernel.migrations import upgrade
from tests.support import servers


@pytest.fixture(scope="session")
def migrated() -> Iterator[Callable[[str], str]]:
    """`migrated("orders")`: the URL of this session's database for a service."""
    made: dict[str, str] = {}

    def get(service: str) -> str:
        if service not in made:
            url = servers.create_database(f"linli_test_{service}_{os.getpid()}")
            upgrade(service, url)
            made[service] = url
        return made[service]

    yield get
    for service in made:
        servers.drop_database(f"linli_test_{service}_{os.getpid()}")


@pytest.fixture
def database_of(migrated: Callable[[str], str]) -> Iterator[Callable[[str], Database]]:
    """`database_of("orders")`: a Database on that service's tables, without any row."""
    opened: list[Database] = []

    def get(service: str) -> Database:
        db = Database(migrated(service), pool_size=20)
        servers.empty_all_tables(db)
        opened.append(db)
        return db

    yield get
    for db in opened:
        db.dispose()
