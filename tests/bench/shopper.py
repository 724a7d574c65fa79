"""Clients that order and pay over plain HTTP, lean enough not to be what is measured."""

import http.client
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from deploy.demo import names
from deploy.demo.clients import Person, prepay_id_of
from deploy.demo.connection import demo_id, openid_of
from deploy.demo.ways import ways_of
from services.kernel.ids import new_id

POLL_S, PAID_WITHIN_S = 0.05, 30.0


class Wire:
    """One keep-alive connection that speaks JSON."""

    def __init__(self, base_url: str, token: str = "") -> None:
        at = urlsplit(base_url)
        self._connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=30)
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The parsed answer; RuntimeError when it is no success."""
        headers = self._headers
        if method != "GET":
            headers = {**headers, "Idempotency-Key": new_id()}
        payload = None if body is None else json.dumps(body)
        try:
            answer, text = self._send(method, path, payload, headers)
        except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
            self._connection.close()  # kept alive too long; every browser asks again
            answer, text = self._send(method, path, payload, headers)
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text)

    def _send(
        self, method: str, path: str, payload: str | None, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        self._connection.request(method, path, payload, headers)
        answer = self._connection.getresponse()
        return answer, answer.read()


@dataclass
class Tally:
    """What a run has measured: seconds of each whole sequence, and what went wrong."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    elapsed_s: float = 0.0

    @property
    def rate(self) -> float:
        """Orders a second."""
        return len(self.seconds) / self.elapsed_s if self.elapsed_s else 0.0


class Shopper:
    """One resident who orders one cart after the other."""

    def __init__(self, gateway: str, sandbox: str, app_id: str, number: int) -> None:
        home = names.community().households[number % 12]
        person = Person(gateway, sandbox, openid_of(home.members[0].key), app_id)
        self._token = str(person.http.headers["Authorization"]).removeprefix("Bearer ")
        self._openid, self._household_id = person.openid, demo_id(home.key)
        self._gateway = Wire(gateway, self._token)
        self._sandbox = Wire(sandbox)
        self.cart = unlimited_skus(number, stores=1)

    def place(self) -> tuple[str, str]:
        """Place the cart's orders and ask for their prepay; the last order's id and prepay id."""
        lines = [{"sku_id": sku_id, "quantity": 1} for sku_id in self.cart]
        placed = self._gateway.ask(
            "POST",
            "/api/v1/orders",
            {"household_id": self._household_id, "lines": lines},
        )
        path = f"/api/v1/payments/{placed['payment_id']}/pay"
        view = self._gateway.ask("POST", path, {"openid": self._openid})
        return placed["orders"][-1]["order_id"], prepay_id_of(view)

    def pay(self, prepay_id: str) -> None:
        """Confirm on the pay sheet."""
        body = {"prepay_id": prepay_id, "openid": self._openid}
        self._sandbox.ask("POST", "/sandbox/api/pay", body)

    def wait_paid(self, order_id: str) -> None:
        """Return when the order says that it is paid."""
        ends_at = time.monotonic() + PAID_WITHIN_S
        while True:
            time.sleep(POLL_S)
            state = self._gateway.ask("GET", f"/api/v1/orders/{order_id}")["state"]
            if state == "awaiting_confirmation":
                return
            if time.monotonic() > ends_at:
                raise RuntimeError(f"order {order_id} is {state} after {PAID_WITHIN_S} s")

    def buy(self) -> None:
        """The whole sequence: place, prepay, pay, until the order says paid."""
        order_id, prepay_id = self.place()
        self.pay(prepay_id)
        self.wait_paid(order_id)


def unlimited_skus(number: int, *, stores: int) -> list[str]:
    """What is brought to the door and counted by nobody, of so many stores; others for the next
    shopper."""
    by_shop = [
        found
        for shop in names.community().shops
        if (
            found := [
                demo_id(good.key, str(index))
                for good in shop.goods
                for index, (_name, _price, stock) in enumerate(good.skus)
                if stock is None
                and "delivery" in ways_of(shop.name, good.category, good.name).fulfilments
            ]
        )
    ]
    chosen = [by_shop[(number + step) % len(by_shop)] for step in range(stores)]
    return [skus[number % len(skus)] for skus in chosen]


def counted_skus(how_many: int) -> list[tuple[str, str]]:
    """The keeper's key and the SKU of goods whose pieces are counted."""
    found = [
        (shop.keeper.key, demo_id(good.key, str(index)))
        for shop in names.community().shops
        for good in shop.goods
        for index, (_name, _price, stock) in enumerate(good.skus)
        if stock is not None
        and "delivery" in ways_of(shop.name, good.category, good.name).fulfilments
    ]
    return found[:how_many]


def run_clients(shoppers: list[Shopper], act: Callable[[Shopper], None], seconds: float) -> Tally:
    """Every shopper acts again and again in a thread of its own for so many seconds."""
    tally = Tally()
    ends_at = time.monotonic() + seconds

    def live(shopper: Shopper) -> None:
        while time.monotonic() < ends_at:
            began = time.perf_counter()
            try:
                act(shopper)
                tally.seconds.append(time.perf_counter() - began)
            except (RuntimeError, OSError, http.client.HTTPException) as error:
                tally.errors.append(str(error))
                return

    threads = [threading.Thread(target=live, args=(shopper,)) for shopper in shoppers]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tally.elapsed_s = time.monotonic() - began
    return tally
