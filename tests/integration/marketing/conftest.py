"""A fresh database of marketing for each test, and one sandbox for all, made quiet before each."""

from collections.abc import Callable, Iterator

import pytest

from services.kernel.db import Database
from tests.support.marketing import FakeServices, Office, Sandbox


@pytest.fixture
def db(database_of: Callable[[str], Database]) -> Database:
    """marketing's database, migrated and empty."""
    return database_of("marketing")


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The sandbox's process."""
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield sandbox
    sandbox.program.stop()


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """WeChat, without people, tokens or trouble."""
    running_sandbox.ask("POST", "reset", {"people": True})
    return running_sandbox


@pytest.fixture
def services() -> FakeServices:
    """identity, and nobody else."""
    return FakeServices()


@pytest.fixture
def office(db: Database, sandbox: Sandbox, services: FakeServices) -> Office:
    """A copy of marketing with the sandbox's account set up."""
    office = Office(db, services)
    office.put(sandbox.account())
    return office
