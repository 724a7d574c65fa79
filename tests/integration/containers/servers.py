"""A broker and a database in containers, on loopback ports of their own."""

from collections.abc import Iterator
from contextlib import contextmanager

from testcontainers.core.container import DockerContainer

from deploy.local.accounts import broker_answers, database_answers
from deploy.local.containers import BROKER_IMAGE, DATABASE_IMAGE
from tests.support.servers import wait_until

LOOPBACK = "127.0.0.1"
BOOT_LIMIT_S = 120
# Some storage drivers copy the whole image for each container.
CLIENT = {"timeout": 300}
PASSWORD = "only-for-this-run"


@contextmanager
def running_servers() -> Iterator[dict[str, str]]:
    """Both answer; what it yields are the variables that the tests read."""
    with on_loopback(database(), 3306) as one, on_loopback(broker(), 5672) as other:
        database_url = f"mysql+pymysql://root:{PASSWORD}@{address(one, 3306)}/?charset=utf8mb4"
        amqp_url = f"amqp://linli:{PASSWORD}@{address(other, 5672)}/%2F"
        wait_until(lambda: database_answers(database_url), BOOT_LIMIT_S, "MariaDB answers")
        wait_until(lambda: broker_answers(amqp_url), BOOT_LIMIT_S, "RabbitMQ answers")
        yield {"LINLI_TEST_DATABASE_URL": database_url, "LINLI_TEST_AMQP_URL": amqp_url}


def database() -> DockerContainer:
    settings = ["mariadbd", "--character-set-server=utf8mb4", "--skip-name-resolve"]
    container = DockerContainer(DATABASE_IMAGE, CLIENT, command=settings)
    return container.with_env("MARIADB_ROOT_PASSWORD", PASSWORD).with_tmpfs_mount("/var/lib/mysql")


def broker() -> DockerContainer:
    container = DockerContainer(BROKER_IMAGE, CLIENT, hostname="broker")
    return container.with_envs(RABBITMQ_DEFAULT_USER="linli", RABBITMQ_DEFAULT_PASS=PASSWORD)


def on_loopback(container: DockerContainer, port: int) -> DockerContainer:
    """Published by a free port of 127.0.0.1; by default every interface of the host would do."""
    container.ports = {f"{port}/tcp": (LOOPBACK, None)}
    return container


def address(container: DockerContainer, port: int) -> str:
    return f"{LOOPBACK}:{container.get_exposed_port(port)}"
