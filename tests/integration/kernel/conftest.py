"""A probe service in a process of its own, on the real broker and the real database."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import create_engine

from services.kernel.actor import ActorSigner
from services.kernel.db import Database
from services.kernel.rpc_client import Services, connect
from tests.support import servers


@pytest.fixture(scope="session")
def keys() -> tuple[str, str]:
    """An Ed25519 pair as PEM: private, public."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


@pytest.fixture(scope="session")
def signer(keys: tuple[str, str]) -> ActorSigner:
    return ActorSigner(keys[0])


@pytest.fixture
def probe_db() -> Iterator[Database]:
    """The probe's tables, empty."""
    # Imported late: the module patches the world when it is run, and must not when it is imported.
    from services.kernel.schema import METADATA

    name = f"linli_test_probe_{os.getpid()}"
    url = servers.create_database(name)
    engine = create_engine(url)
    METADATA.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE probe_row (id INT AUTO_INCREMENT PRIMARY KEY, note VARCHAR(100) NOT NULL)"
        )
        connection.exec_driver_sql(
            "CREATE TABLE probe_counter (name VARCHAR(40) PRIMARY KEY, value INT NOT NULL)"
        )
        connection.exec_driver_sql("INSERT INTO probe_counter VALUES ('a', 0), ('b', 0)")
    engine.dispose()
    db = Database(url)
    yield db
    db.dispose()
    servers.drop_database(name)


@pytest.fixture
def start_probe(
    probe_db: Database, keys: tuple[str, str], tmp_path: Path
) -> Iterator[Callable[..., servers.Program]]:
    """`start_probe(FAILPOINTS=…)`: one more copy of the probe, ready."""
    running: list[servers.Program] = []

    def start(**settings: str) -> servers.Program:
        number = len(running)
        run_dir = tmp_path / f"run{number}"
        run_dir.mkdir()
        env = {
            "LINLI_PROBE_DATABASE_URL": probe_db.url,
            "LINLI_PROBE_AMQP_URL": servers.amqp_url(),
            "LINLI_ACTOR_PUBLIC_KEY": keys[1],
            "LINLI_RUN_DIR": str(run_dir),
            "LINLI_RETRY_LADDER_MS": "100,200",
            **{f"LINLI_{name}": value for name, value in settings.items()},
        }
        program = servers.Program(
            "tests.support.probe_service", env=env, log=tmp_path / f"probe{number}.log"
        )
        running.append(program)
        servers.wait_until(
            lambda: (run_dir / "probe.json").exists() or not program.alive, why="probe starts"
        )
        assert program.alive, program.log.read_text()
        return program

    yield start
    for program in running:
        program.stop()


@pytest.fixture
def probe(start_probe: Callable[..., servers.Program]) -> servers.Program:
    return start_probe()


@pytest.fixture
def services() -> Iterator[Services]:
    """A client as the gateway has one."""
    client = connect(servers.amqp_url(), "test")
    assert client.client.link.wait_open(5)
    yield client
    client.client.stop()
