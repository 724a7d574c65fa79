"""A fresh database of settlement for each test, and a sandbox for those that want the world."""

from collections.abc import Callable, Iterator

import pytest

from services.kernel.config import load
from services.kernel.db import Database
from services.settlement.channels.wechat import WechatPayChannel
from services.settlement.settings import Settings
from tests.support.settlement import Books
from tests.support.settlement_sandbox import Sandbox, running_sandbox


@pytest.fixture
def db(database_of: Callable[[str], Database]) -> Database:
    """settlement's database, migrated and empty."""
    return database_of("settlement")


@pytest.fixture
def books(db: Database) -> Books:
    """Settlement with a channel made by hand."""
    return Books(db)


@pytest.fixture(scope="package")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as made:
        yield made


@pytest.fixture
def world(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, without trouble."""
    yield sandbox
    sandbox.ask("DELETE", "trouble")


@pytest.fixture(scope="package")
def settings(sandbox: Sandbox) -> Settings:
    """What settlement is told about the sandbox."""
    needed = {"LINLI_DATABASE_URL": "-", "LINLI_AMQP_URL": "-", "LINLI_ACTOR_PUBLIC_KEY": "-"}
    return load(Settings, "settlement", sandbox.environment | needed)


@pytest.fixture(scope="package")
def channel(settings: Settings) -> WechatPayChannel:
    """The real driver."""
    return WechatPayChannel(settings)


@pytest.fixture
def real(db: Database, channel: WechatPayChannel) -> Books:
    """Settlement with the real driver."""
    return Books(db, channel)  # type: ignore[arg-type]
