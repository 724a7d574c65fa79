"""What goes wrong with RPC over RabbitMQ, and the kernel's rule for each, on a real broker."""

import threading
import time
from collections.abc import Callable

import amqp
import pytest
from sqlalchemy import text

from services.kernel import clock, dead, topology
from services.kernel.actor import Actor, ActorSigner
from services.kernel.db import Database
from services.kernel.errors import (
    Conflict,
    DeadlineExceeded,
    Forbidden,
    InvariantBroken,
    LinliError,
    Malformed,
    NotSignedIn,
    Unavailable,
)
from services.kernel.ids import new_id
from services.kernel.rpc_client import Services
from services.kernel.wire import Done
from tests.integration.kernel.wires import Ask, Echo, Note, Noted
from tests.support import servers
from tests.support.servers import Program

pytestmark = [pytest.mark.broker, pytest.mark.database]


def notes(db: Database, like: str) -> int:
    with db.reading() as tx:
        return int(
            tx.scalar(text("SELECT COUNT(*) FROM probe_row WHERE note LIKE :n"), {"n": like})
        )


def test_a_command_killed_before_its_commit_runs_again_elsewhere_and_takes_effect_once(
    start_probe: Callable[..., Program], services: Services, probe_db: Database
) -> None:
    """N1: RPC is at least once."""
    doomed = start_probe(FAILPOINTS="probe.write.before_commit=kill@1")
    command = Note(request_id=new_id(), note="once")
    answers: list[Noted] = []
    asking = threading.Thread(
        target=lambda: answers.append(
            services.probe.write(command, answer=Noted, deadline_ms=15000)
        )
    )
    asking.start()
    servers.wait_until(lambda: not doomed.alive, why="the failpoint kills")
    start_probe()
    asking.join(15)
    again = services.probe.write(command, answer=Noted, deadline_ms=5000)
    assert answers == [again]
    assert notes(probe_db, "once") == 1


def test_rivals_with_the_same_request_id_get_one_answer_and_leave_one_row(
    start_probe: Callable[..., Program], services: Services, probe_db: Database
) -> None:
    start_probe()
    start_probe()
    command = Note(request_id=new_id(), note="rival", sleep_ms=200)
    answers: list[Noted] = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(
                services.probe.write(command, answer=Noted, deadline_ms=8000)
            )
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(answers) == 8
    assert len({answer.nonce for answer in answers}) == 1
    assert notes(probe_db, "rival") == 1


def test_the_same_request_id_with_another_body_is_refused(
    probe: Program, services: Services, probe_db: Database
) -> None:
    request_id = new_id()
    services.probe.write(Note(request_id=request_id, note="a"), answer=Noted, deadline_ms=3000)
    with pytest.raises(Conflict) as refusal:
        services.probe.write(Note(request_id=request_id, note="b"), answer=Noted, deadline_ms=3000)
    assert refusal.value.code == "request.id_reused"
    assert notes(probe_db, "b") == 0


def test_calls_to_a_service_that_is_not_there_fail_at_once_and_do_not_wedge_the_caller(
    probe: Program, services: Services
) -> None:
    """N2: a bare RpcProxy would wait for ever, and a few of them stop the service."""
    for _ in range(30):
        with pytest.raises(Unavailable) as refusal:
            services.probe.ask_nobody(Ask(), answer=Echo, deadline_ms=3000)
        assert refusal.value.code == "broker.no_such_service"
    assert services.probe.echo(Ask(text="still here"), answer=Echo, deadline_ms=1000).text


def test_a_deadline_ends_the_wait_and_the_caller_and_the_service_live_on(
    probe: Program, services: Services
) -> None:
    """N3: the wait ends by an ordinary error, in no more than the deadline and a little."""
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        services.probe.echo(Ask(sleep_ms=1500), answer=Echo, deadline_ms=300)
    assert time.monotonic() - began < 1.2
    assert probe.alive
    assert services.probe.echo(Ask(text="on"), answer=Echo, deadline_ms=3000).text == "on"


def test_a_request_whose_deadline_passed_in_the_queue_is_not_run(
    start_probe: Callable[..., Program], services: Services, probe_db: Database
) -> None:
    """N4: a timed-out request must not run later."""
    first = start_probe()
    first.stop()  # the queue stays, nobody takes from it
    with pytest.raises(DeadlineExceeded):
        services.probe.write(Note(request_id=new_id(), note="late"), answer=Noted, deadline_ms=300)
    start_probe()
    services.probe.write(Note(request_id=new_id(), note="next"), answer=Noted, deadline_ms=3000)
    assert notes(probe_db, "late") == 0


def test_a_request_without_reply_to_is_dropped_for_good_and_the_service_lives(
    probe: Program, services: Services
) -> None:
    """N5: stock nameko dies of it, and again at each restart."""
    connection = dead.connect(servers.amqp_url())
    channel = connection.channel()
    for body in (b'{"args":[{}],"kwargs":{}}', b"not json", b""):
        channel.basic_publish(amqp.Message(body), "nameko-rpc", "probe.echo")
    assert services.probe.echo(Ask(text="alive"), answer=Echo, deadline_ms=3000).text == "alive"
    assert probe.alive
    probe.stop()  # what was taken and not acknowledged goes back into the queue
    queue = channel.queue_declare(topology.rpc_queue("probe"), passive=True)
    connection.close()
    assert queue.message_count == 0


@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"[]", b"{}", b'{"args":[],"kwargs":{}}', b'{"args":[1,2],"kwargs":{}}'],
)
def test_junk_with_a_reply_address_gets_an_error_with_a_code(
    probe: Program, services: Services, body: bytes
) -> None:
    """N11: an undecodable body is answered, not only logged."""
    with pytest.raises(Malformed) as refusal:
        services.client.call("probe", "echo", body, 3000)
    assert refusal.value.code == "request.malformed"


def test_an_unknown_field_is_refused_and_named(probe: Program, services: Services) -> None:
    body = b'{"args":[{"text":"x","price":1}],"kwargs":{}}'
    with pytest.raises(Malformed) as refusal:
        services.client.call("probe", "echo", body, 3000)
    assert "price" in refusal.value.fields


def test_an_unknown_method_is_refused_with_a_code(probe: Program, services: Services) -> None:
    with pytest.raises(Malformed) as refusal:
        services.probe.no_such_method(Ask(), answer=Echo, deadline_ms=3000)
    assert refusal.value.code == "request.no_such_method"


def test_a_refusal_arrives_with_its_code_and_fields(probe: Program, services: Services) -> None:
    with pytest.raises(Conflict) as refusal:
        services.probe.refuse(Ask(), answer=Echo, deadline_ms=3000)
    assert refusal.value.code == "probe.busy"
    assert refusal.value.fields == {"state": "busy"}


def test_an_unexpected_error_tells_the_caller_nothing_of_the_inside(
    probe: Program, services: Services
) -> None:
    with pytest.raises(InvariantBroken) as refusal:
        services.probe.explode(Ask(), answer=Echo, deadline_ms=3000)
    assert refusal.value.code == "request.unexpected"
    assert "detail" not in str(refusal.value)
    assert probe.said("a detail inside")


def test_a_permission_is_checked_by_the_service_itself(
    probe: Program, services: Services, signer: ActorSigner
) -> None:
    def token(*permissions: str) -> str:
        actor = Actor(account_id=new_id(), permissions=frozenset(permissions))
        return signer.sign(actor, clock.now())

    with pytest.raises(NotSignedIn):
        services.probe.touch(Ask(), answer=Echo, deadline_ms=3000)
    with pytest.raises(NotSignedIn):
        services.probe.touch(Ask(), answer=Echo, deadline_ms=3000, actor_token="forged.to.ken")
    with pytest.raises(Forbidden):
        services.probe.touch(Ask(), answer=Echo, deadline_ms=3000, actor_token=token("other"))
    granted = services.probe.touch(
        Ask(), answer=Echo, deadline_ms=3000, actor_token=token("probe.touch")
    )
    assert granted.text


def test_a_method_for_one_service_is_closed_to_everybody_else(
    probe: Program, services: Services
) -> None:
    with pytest.raises(Forbidden):
        services.probe.for_orders(Ask(), answer=Done, deadline_ms=3000)


def test_two_use_cases_that_deadlock_both_end_well(
    start_probe: Callable[..., Program], services: Services, probe_db: Database
) -> None:
    start_probe()
    failures: list[LinliError] = []

    def ask(order: str) -> None:
        try:
            services.probe.lock_two(Ask(text=order, sleep_ms=30), answer=Done, deadline_ms=10000)
        except LinliError as error:
            failures.append(error)

    for _ in range(5):
        threads = [threading.Thread(target=ask, args=(order,)) for order in ("a,b", "b,a")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(12)
    assert failures == []
    with probe_db.reading() as tx:
        assert tx.all(text("SELECT value FROM probe_counter ORDER BY name")) == [(10,), (10,)]


def test_an_outage_of_the_database_is_an_answer_and_not_the_end_of_the_process(
    start_probe: Callable[..., Program], services: Services, probe_db: Database
) -> None:
    """N8: an error on the way to the database must not kill the container."""
    url = probe_db.url.replace("probe_", "gone_")
    program = start_probe()
    with probe_db.transaction() as tx:
        tx.execute(text("RENAME TABLE request TO request_away"))
    with pytest.raises(InvariantBroken):
        services.probe.write(Note(request_id=new_id(), note="x"), answer=Noted, deadline_ms=5000)
    with probe_db.transaction() as tx:
        tx.execute(text("RENAME TABLE request_away TO request"))
    _kill_connections(probe_db)
    assert services.probe.write(Note(request_id=new_id(), note="y"), answer=Noted, deadline_ms=5000)
    assert program.alive
    assert url


def _kill_connections(db: Database) -> None:
    with db.reading() as tx:
        own = tx.scalar(text("SELECT CONNECTION_ID()"))
        for row in tx.all(
            text("SELECT id FROM information_schema.processlist WHERE db = DATABASE()")
        ):
            if row.id != own:
                tx.execute(text(f"KILL {row.id}"))


def test_a_hundred_threads_share_one_client_and_each_gets_its_own_answer(
    probe: Program, services: Services
) -> None:
    """N15: the stock standalone proxy mixes frames between threads and keeps late replies."""
    wrong: list[str] = []

    def ask(number: int) -> None:
        for turn in range(10):
            wanted = f"{number}/{turn}"
            answer = services.probe.echo(Ask(text=wanted), answer=Echo, deadline_ms=10000)
            if answer.text != wanted:
                wrong.append(wanted)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []


def test_late_replies_are_dropped_and_take_no_memory(probe: Program, services: Services) -> None:
    for _ in range(5):
        with pytest.raises(DeadlineExceeded):
            services.probe.echo(Ask(sleep_ms=200), answer=Echo, deadline_ms=50)
    time.sleep(0.5)
    assert services.client.waiting_count == 0


def test_sigterm_lets_the_running_call_finish(
    start_probe: Callable[..., Program], services: Services
) -> None:
    program = start_probe()
    answers: list[Echo] = []
    asking = threading.Thread(
        target=lambda: answers.append(
            services.probe.echo(Ask(text="done", sleep_ms=700), answer=Echo, deadline_ms=5000)
        )
    )
    asking.start()
    time.sleep(0.2)
    program.process.terminate()
    asking.join(6)
    assert [answer.text for answer in answers] == ["done"]
    assert program.process.wait(10) == 0
