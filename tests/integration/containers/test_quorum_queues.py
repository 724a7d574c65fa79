"""The retry ladder on quorum queues, which compose and Kubernetes use, and ./linli does not."""

from collections.abc import Callable, Iterator
from contextlib import closing

import amqp
import pytest

from services.kernel import dead, declarations, topology
from services.kernel.db import Database
from services.kernel.rpc_client import Services
from tests.integration.kernel.conftest import (  # noqa: F401
    keys,
    probe_db,
    services,
    start_probe,
)
from tests.integration.kernel.test_event_rules import dead_letters, notes, tell
from tests.support import servers
from tests.support.servers import Program, wait_until

pytestmark = [pytest.mark.broker, pytest.mark.database]
RUNGS_MS = (100, 200)  # as the probe is started with
QUEUES = (
    topology.event_queue("probe"),
    topology.dead_queue("probe"),
    *(topology.retry_queue("probe", rung) for rung in RUNGS_MS),
)


def forget_queues() -> None:
    """The type of a queue is for good: other tests declare these as classic ones."""
    with closing(dead.connect(servers.amqp_url())) as connection:
        for queue in QUEUES:
            connection.channel().queue_delete(queue)


@pytest.fixture
def quorum_probe(start_probe: Callable[..., Program]) -> Iterator[Program]:  # noqa: F811
    forget_queues()
    program = start_probe(QUEUE_TYPE="quorum")
    yield program
    program.stop()
    forget_queues()


def exists(queue: str) -> bool:
    with closing(dead.connect(servers.amqp_url())) as connection:
        try:
            connection.channel().queue_declare(queue, passive=True)
        except amqp.exceptions.NotFound:
            return False
        return True


def test_every_event_queue_is_a_quorum_queue(quorum_probe: Program) -> None:
    for queue in QUEUES:
        wait_until(lambda queue=queue: exists(queue), 10)
    with closing(dead.connect(servers.amqp_url())) as connection:
        declarations.declare_inbox(connection.channel(), "probe", RUNGS_MS, "quorum")
        with pytest.raises(amqp.exceptions.PreconditionFailed, match="x-queue-type"):
            declarations.declare_inbox(connection.channel(), "probe", RUNGS_MS, "classic")


def test_requests_stay_on_a_classic_queue(quorum_probe: Program) -> None:
    with closing(dead.connect(servers.amqp_url())) as connection:
        arguments = {"x-queue-type": "classic"}
        connection.channel().queue_declare(
            topology.rpc_queue("probe"), durable=True, auto_delete=False, arguments=arguments
        )


def test_a_failing_event_climbs_the_ladder_and_succeeds(
    quorum_probe: Program,
    services: Services,  # noqa: F811
    probe_db: Database,  # noqa: F811
) -> None:
    tell(services, "stubborn", "happened:2")
    wait_until(lambda: notes(probe_db, "done:stubborn") == 1, 10)
    assert notes(probe_db, "try:stubborn") == 3


def test_a_hopeless_event_ends_in_the_dead_queue_and_is_replayed_from_it(
    quorum_probe: Program,
    services: Services,  # noqa: F811
    probe_db: Database,  # noqa: F811
) -> None:
    tell(services, "returning", "happened:3")
    letter = wait_until(dead_letters, 10)[0]
    with closing(dead.connect(servers.amqp_url())) as connection:
        assert dead.replay(connection.channel(), "probe", letter["id"]) == 1
        wait_until(lambda: notes(probe_db, "done:returning") == 1, 10)
