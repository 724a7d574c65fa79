"""The broker and the database go away under load, and come back: every order ends, books proved."""

import os
import signal
import threading
import time

import pytest

from tests.system.life import FINAL, Life

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("audited")]
BUYERS, BROKER_AWAY_S = 4, 20.0


class Load:
    """Residents who order and pay, one order after the other, insisting."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._stop = threading.Event()
        self.orders: list[tuple[int, str]] = []
        self.faults: list[str] = []
        self._threads = [threading.Thread(target=self._buy, args=(n,)) for n in range(BUYERS)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(150)

    def _buy(self, number: int) -> None:
        try:
            resident = self._life.resident(number)
            while not self._stop.is_set():
                placed = self._life.order(resident, number, sku=number)
                self.orders.append((number, placed["orders"][0]["order_id"]))
                self._life.pay(resident, placed["payment_id"])
        except Exception as error:  # noqa: BLE001 - whatever it is, the test must fail of it
            self.faults.append(f"buyer {number}: {error!r}")

    def all_end(self) -> None:
        """Every order that was answered is found, and reaches a final state."""
        assert self.faults == []
        assert len(self.orders) > BUYERS
        residents = {number: self._life.resident(number) for number in range(BUYERS)}
        for number, order_id in self.orders:
            self._life.reaches(residents[number], order_id, *FINAL)


def test_a_broker_that_is_away_for_twenty_seconds_loses_no_order(life: Life) -> None:
    with Load(life) as load:
        time.sleep(3)
        life.installation.stop_part("broker")
        time.sleep(BROKER_AWAY_S)
        life.installation.start_part("broker")
        time.sleep(5)
    load.all_end()


def test_a_database_that_restarts_loses_no_order(life: Life) -> None:
    with Load(life) as load:
        time.sleep(3)
        life.installation.stop_part("database")
        time.sleep(3)
        life.installation.start_part("database")
        time.sleep(5)
    load.all_end()


def test_services_killed_all_at_once_come_back_and_lose_no_order(life: Life) -> None:
    with Load(life) as load:
        time.sleep(2)
        for service in ("orders", "settlement", "catalog", "identity"):
            os.kill(life.installation.service_pid(service), signal.SIGKILL)
        time.sleep(6)
    load.all_end()
