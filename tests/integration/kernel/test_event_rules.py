"""Events: told once committed, applied once, retried on a ladder, never lost in silence."""

import json
import time
from collections.abc import Callable

import amqp
import pytest
from sqlalchemy import text

from services.kernel import dead, topology
from services.kernel.db import Database
from services.kernel.ids import new_id
from services.kernel.publisher import ConfirmedPublisher, Outgoing
from services.kernel.rpc_client import Services
from tests.integration.kernel.test_rpc_rules import notes
from tests.integration.kernel.wires import Ask, Echo, Note, Noted
from tests.support import servers
from tests.support.servers import Program, wait_until

pytestmark = [pytest.mark.broker, pytest.mark.database]


@pytest.fixture(autouse=True)
def empty_queues(probe_db: Database) -> None:
    """Queues outlive a probe; what an earlier test left in them must not reach the next."""
    connection = dead.connect(servers.amqp_url())
    for queue in (topology.event_queue("probe"), topology.dead_queue("probe")):
        try:
            connection.channel().queue_purge(queue)
        except amqp.exceptions.NotFound:
            continue
    connection.close()


def tell(services: Services, note: str, kind: str = "happened") -> None:
    command = Note(request_id=new_id(), note=note, tell=kind)
    services.probe.write(command, answer=Noted, deadline_ms=5000)


def unsent(db: Database) -> int:
    with db.reading() as tx:
        return int(tx.scalar(text("SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL")))


def dead_letters() -> list[dict[str, str]]:
    connection = dead.connect(servers.amqp_url())
    try:
        return dead.show_all(connection.channel(), "probe")
    finally:
        connection.close()


def test_an_event_reaches_its_handler_soon_after_the_commit(
    probe: Program, services: Services, probe_db: Database
) -> None:
    tell(services, "soon")
    wait_until(lambda: notes(probe_db, "done:soon") == 1, 5)
    wait_until(lambda: unsent(probe_db) == 0, 5)


def test_an_event_committed_by_a_process_that_died_is_told_by_another_copy(
    start_probe: Callable[..., Program], services: Services, probe_db: Database
) -> None:
    doomed = start_probe(FAILPOINTS="relay.after_publish=kill@1")
    tell(services, "survivor")
    wait_until(lambda: not doomed.alive, why="the failpoint kills")
    assert unsent(probe_db) == 1
    start_probe()
    wait_until(lambda: unsent(probe_db) == 0, 20, "the sweep tells what was left over")
    wait_until(lambda: notes(probe_db, "done:survivor") == 1, 5)
    time.sleep(0.5)
    assert notes(probe_db, "done:survivor") == 1


def test_a_failing_handler_is_tried_again_with_growing_delays_and_then_succeeds(
    probe: Program, services: Services, probe_db: Database
) -> None:
    """N9 and N20: stock nameko acknowledges a failed event and loses it."""
    tell(services, "stubborn", "happened:2")
    wait_until(lambda: notes(probe_db, "done:stubborn") == 1, 10)
    assert notes(probe_db, "try:stubborn") == 3


def test_an_event_that_always_fails_ends_in_the_dead_queue_after_the_last_rung(
    probe: Program, services: Services, probe_db: Database
) -> None:
    """N10: a bad event must not go round for ever (1,827 times in 3 s with requeue)."""
    tell(services, "hopeless", "happened:99")
    letters = wait_until(dead_letters, 10)
    assert letters[0]["event"] == "probe.happened"
    assert "request.unexpected" in letters[0]["error"]
    assert notes(probe_db, "try:hopeless") == 3  # the first try and the two rungs
    time.sleep(1)
    assert notes(probe_db, "try:hopeless") == 3


def test_a_dead_letter_can_be_shown_replayed_and_discarded(
    probe: Program, services: Services, probe_db: Database
) -> None:
    tell(services, "returning", "happened:3")
    letter = wait_until(dead_letters, 10)[0]
    connection = dead.connect(servers.amqp_url())
    body = dead.body_of(connection.channel(), "probe", letter["id"])
    assert body is not None
    assert json.loads(body)["data"]["note"] == "returning"
    connection.close()
    connection = dead.connect(servers.amqp_url())
    assert dead.replay(connection.channel(), "probe", letter["id"]) == 1
    wait_until(lambda: notes(probe_db, "done:returning") == 1, 10)
    assert dead.discard(connection.channel(), "probe", "all") == 0
    connection.close()


@pytest.mark.parametrize("body", [b"not json", b"{}", b'{"id":1}', b"\xff\xfe"])
def test_a_poison_message_goes_to_the_dead_queue_and_the_next_event_is_handled(
    probe: Program, services: Services, probe_db: Database, body: bytes
) -> None:
    """N11."""
    publisher = ConfirmedPublisher(servers.amqp_url(), "poisoner")
    publisher.start()
    assert publisher.link.wait_open(5)
    sent = publisher.publish([Outgoing("probe.events", "probe.happened", body, "poison")])
    assert sent == {"poison"}
    publisher.stop()
    wait_until(dead_letters, 10)
    tell(services, "after poison")
    wait_until(lambda: notes(probe_db, "done:after poison") == 1, 5)


def test_the_same_event_delivered_five_times_takes_effect_once(
    probe: Program, services: Services, probe_db: Database
) -> None:
    tell(services, "twice")
    wait_until(lambda: notes(probe_db, "done:twice") == 1, 5)
    with probe_db.reading() as tx:
        row = tx.first(text("SELECT id, envelope FROM outbox ORDER BY id DESC LIMIT 1"))
    assert row is not None
    publisher = ConfirmedPublisher(servers.amqp_url(), "repeater")
    publisher.start()
    assert publisher.link.wait_open(5)
    for _ in range(5):
        publisher.publish([Outgoing("probe.events", "probe.happened", row.envelope, row.id)])
    publisher.stop()
    tell(services, "marker")
    wait_until(lambda: notes(probe_db, "done:marker") == 1, 5)
    assert notes(probe_db, "done:twice") == 1


def test_an_event_without_subscriber_is_not_even_written(
    probe: Program, services: Services, probe_db: Database
) -> None:
    tell(services, "alone", "unheard")
    with probe_db.reading() as tx:
        assert tx.scalar(text("SELECT COUNT(*) FROM outbox")) == 0


def test_an_event_whose_queue_is_missing_stays_in_the_outbox(
    probe: Program, services: Services, probe_db: Database
) -> None:
    """N12: without `mandatory` it would vanish."""
    tell(services, "homeless", "homeless")
    time.sleep(1)
    assert unsent(probe_db) == 1
    assert services.probe.echo(Ask(text="on"), answer=Echo, deadline_ms=2000).text == "on"


def test_a_roll_back_takes_its_event_along(
    start_probe: Callable[..., Program], services: Services, probe_db: Database
) -> None:
    start_probe(FAILPOINTS="probe.write.before_commit=error@1")
    command = Note(request_id=new_id(), note="never", tell="happened")
    with pytest.raises(Exception, match="unexpected"):
        services.probe.write(command, answer=Noted, deadline_ms=5000)
    with probe_db.reading() as tx:
        assert tx.scalar(text("SELECT COUNT(*) FROM outbox")) == 0
    time.sleep(0.3)
    assert notes(probe_db, "done:never") == 0


def test_a_scheduled_job_runs_in_one_of_two_copies_and_moves_when_that_one_dies(
    start_probe: Callable[..., Program], probe_db: Database
) -> None:
    """Architecture rule 11: lease rows, never GET_LOCK."""
    first, second = start_probe(), start_probe()
    wait_until(lambda: notes(probe_db, "tick:%") > 3, 10)
    time.sleep(1)
    busy = [p for p in (first, second) if notes(probe_db, f"tick:{p.pid}")]
    assert len(busy) == 1
    busy[0].kill()
    other = second if busy[0] is first else first
    wait_until(lambda: notes(probe_db, f"tick:{other.pid}") > 0, 20, "the lease runs out")
