"""Messages that come again, in any order, or make no sense; and a crowd at one shelf."""

import random
import threading
import time
from collections import Counter
from typing import Any

import amqp
import pytest

from deploy.demo.clients import HttpRefused
from deploy.demo.connection import demo_id, openid_of
from services.contracts.subscriptions import SERVICES, SUBSCRIBERS, WIRING
from services.kernel import dead, topology
from services.kernel.ids import new_id
from services.kernel.publisher import ConfirmedPublisher, Outgoing
from tests.support.servers import wait_until
from tests.system.life import Life

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("audited")]
PIECES, CROWD = 50, 200
LISTENERS = sorted({service for listeners in SUBSCRIBERS.values() for service in listeners})


def snapshot(life: Life) -> dict[str, Any]:
    """What money, orders and stock amount to."""
    return {
        "orders": life.rows("orders", "SELECT state, COUNT(*) FROM sales_order GROUP BY state"),
        "stock": life.rows("catalog", "SELECT sku_id, stock FROM sku ORDER BY sku_id"),
        "transfers": life.scalar("settlement", "SELECT COUNT(*) FROM transfer"),
        "notices": life.scalar("marketing", "SELECT COUNT(*) FROM notice"),
        "drops": life.rows("delivery", "SELECT state, COUNT(*) FROM parcel_drop GROUP BY state"),
    }


def queues_empty(life: Life) -> bool:
    connection = dead.connect(life.installation.environment["LINLI_AMQP_URL"])
    try:
        channel = connection.channel()
        depths = [
            channel.queue_declare(topology.event_queue(service), passive=True).message_count
            for service in LISTENERS
        ]
        return sum(depths) == 0
    finally:
        connection.close()


def test_every_recorded_event_delivered_three_times_and_shuffled_changes_nothing(
    life: Life,
) -> None:
    life.walk(1)
    life.cancelled_after_payment(2)
    wait_until(lambda: queues_empty(life), 30)
    time.sleep(2)
    before = snapshot(life)
    events = [
        (service, row.name, row.envelope, row.id)
        for service in SERVICES
        for row in life.rows(service, "SELECT id, name, envelope FROM outbox")
    ]
    assert len(events) > 10
    repeated = events * 3
    random.Random(7).shuffle(repeated)
    publisher = ConfirmedPublisher(life.installation.environment["LINLI_AMQP_URL"], "repeater")
    publisher.start()
    assert publisher.link.wait_open(10)
    for service, name, envelope, event_id in repeated:
        message = Outgoing(topology.events_exchange(service), name, bytes(envelope), event_id)
        assert publisher.publish([message]) == {event_id}
    publisher.stop()
    wait_until(lambda: queues_empty(life), 60)
    time.sleep(2)
    assert snapshot(life) == before


def test_poison_messages_end_in_dead_queues_and_the_next_order_is_served(life: Life) -> None:
    url = life.installation.environment["LINLI_AMQP_URL"]
    publisher = ConfirmedPublisher(url, "poisoner")
    publisher.start()
    assert publisher.link.wait_open(10)
    heard = sorted({name for name, to in SUBSCRIBERS.items() if to})
    for name in heard:
        exchange = topology.events_exchange(WIRING.sources[name])
        for body in (b"not json", b'{"id": 1}', b"\xff\xfe\x00"):
            publisher.publish([Outgoing(exchange, name, body, new_id())])
    publisher.stop()
    connection = dead.connect(url)
    channel = connection.channel()
    for service in SERVICES:
        for body in (b"", b"not json", b'{"args":[],"kwargs":{}}'):
            channel.basic_publish(amqp.Message(body), topology.RPC_EXCHANGE, f"{service}.anything")
    connection.close()
    life.walk(3)
    connection = dead.connect(url)
    letters = {service: len(dead.show_all(connection.channel(), service)) for service in LISTENERS}
    heard_by = Counter(service for name in heard for service in SUBSCRIBERS[name])
    assert letters == {service: 3 * count for service, count in heard_by.items()}
    for service in letters:
        dead.discard(connection.channel(), service, "all")
    connection.close()


def test_two_hundred_buyers_at_once_get_fifty_pieces_and_not_one_more(life: Life) -> None:
    keeper = life.person(life.shop.keeper.key)
    sku_id = demo_id(life.shop.goods[1].key, "0")
    keeper.put(f"/skus/{sku_id}/stock", {"stock": PIECES})
    residents = [life.resident(number) for number in range(10)]
    outcomes: Counter[str] = Counter()
    placed: list[tuple[int, str]] = []

    def buy(number: int) -> None:
        home = number % 10
        line = {"sku_id": sku_id, "quantity": 1}
        body = {"household_id": demo_id(life.town.households[home].key), "lines": [line]}
        try:
            answer = life.post(residents[home], "/orders", body)
            placed.append((home, answer["orders"][0]["order_id"]))
            outcomes["placed"] += 1
        except HttpRefused as refusal:
            outcomes[refusal.code] += 1

    threads = [threading.Thread(target=buy, args=(number,)) for number in range(CROWD)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert outcomes == {"placed": PIECES, "catalog.out_of_stock": CROWD - PIECES}
    assert life.scalar("catalog", f"SELECT stock FROM sku WHERE sku_id = '{sku_id}'") == 0
    for home, order_id in placed:
        path = f"/orders/{order_id}/cancel"
        life.post(residents[home], path, {"reason": "只是试试"})
    for home, order_id in placed:
        life.reaches(residents[home], order_id, "cancelled")
    wait_until(
        lambda: (
            life.scalar("catalog", f"SELECT stock FROM sku WHERE sku_id = '{sku_id}'") == PIECES
        ),
        30,
        "all pieces are back on the shelf",
    )


def test_the_openids_of_the_crowd_are_ten_different_people() -> None:
    """The drill above would prove little if all its buyers were one and the same."""
    keys = [f"household-{number:02d}-0" for number in range(10)]
    assert len({openid_of(key) for key in keys}) == 10
