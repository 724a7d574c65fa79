"""What people do in the drills, insisting as people do: the same tap again until it is answered."""

import itertools
import time
from collections.abc import Callable
from typing import Any, TypeVar

import requests
from sqlalchemy import create_engine, text

from deploy.demo import names
from deploy.demo.acts import photo
from deploy.demo.clients import Client, HttpRefused, Person, Phone, Staff, prepay_id_of
from deploy.demo.connection import demo_id, openid_of
from deploy.local.installation import Installation
from services.kernel.ids import new_id

Value = TypeVar("Value")
PATIENCE_S = 90.0
AGAIN = {"marketing.oauth_code_refused"}
"""A process died with the code in hand, and WeChat takes it once: the next tap brings a new one."""
FINAL = {"awaiting_confirmation", "cancelled", "completed"}


def insist(act: Callable[[], Value], patience_s: float = PATIENCE_S) -> Value:
    """Do it again while the answer is that something is away for the moment."""
    ends_at = time.monotonic() + patience_s
    while True:
        try:
            return act()
        except HttpRefused as error:
            again = error.status >= 500 or error.code in AGAIN
            if not again or time.monotonic() > ends_at:
                raise
        except requests.RequestException:
            if time.monotonic() > ends_at:
                raise
        time.sleep(0.3)


class Life:
    """The demo's people at work in one installation."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.gateway = installation.addresses["gateway"]
        self.sandbox = installation.addresses["sandbox"]
        self.app_id = installation.environment["LINLI_MARKETING_WECHAT_APP_ID"]
        self.phone = Phone(self.sandbox)
        self.town = names.community()
        self.shop = self.town.shops[0]
        self.store_id = demo_id(self.shop.key)
        self.community_id = demo_id(self.town.key)

    def scalar(self, service: str, query: str) -> Any:
        """A look into a service's own database: drills may, services may not."""
        url = self.installation.environment[f"LINLI_{service.upper()}_DATABASE_URL"]
        engine = create_engine(url)
        try:
            with engine.connect() as connection:
                return connection.execute(text(query)).scalar()
        finally:
            engine.dispose()

    def rows(self, service: str, query: str) -> list[Any]:
        """Rows of a service's own database."""
        url = self.installation.environment[f"LINLI_{service.upper()}_DATABASE_URL"]
        engine = create_engine(url)
        try:
            with engine.connect() as connection:
                return list(connection.execute(text(query)).all())
        finally:
            engine.dispose()

    def person(self, key: str) -> Person:
        """Signed in, however long that takes."""
        return insist(lambda: Person(self.gateway, self.sandbox, openid_of(key), self.app_id))

    def resident(self, number: int = 0) -> Person:
        """The first person of a home."""
        return self.person(self.town.households[number].members[0].key)

    def restock(self) -> None:
        """Fill the shelf: many drills buy from it."""
        keeper = self.person(self.shop.keeper.key)
        for good in self.shop.goods[:5]:
            path = f"/skus/{demo_id(good.key, '0')}/stock"
            insist(lambda path=path: keeper.put(path, {"stock": 100_000}))

    def staff(self, username: str) -> Staff:
        """A member of staff, signed in."""
        password = self.installation.environment["LINLI_DEMO_STAFF_PASSWORD"]
        return insist(lambda: Staff(self.gateway, username, password))

    def guard(self) -> Staff:
        """The guard at the east gate."""
        return self.staff("menwei1")

    def order(self, resident: Person, number: int = 0, sku: int = 0, quantity: int = 1) -> Any:
        """Place an order, insisting under one idempotency key."""
        good = self.shop.goods[sku]
        body = {
            "household_id": demo_id(self.town.households[number].key),
            "lines": [{"sku_id": demo_id(good.key, "0"), "quantity": quantity}],
        }
        return self.post(resident, "/orders", body)

    def post(self, who: Client, path: str, body: Any = None) -> Any:
        """One wish under one key, again and again until it is answered."""
        key = new_id()
        return insist(lambda: who.post(path, body, key))

    def get(self, who: Client, path: str) -> Any:
        """A look, again until it is answered."""
        return insist(lambda: who.get(path))

    def pay(self, resident: Person, payment_id: str) -> None:
        """Prepay, insisting, and one confirmation on the pay sheet."""
        prepay_id = self.prepay(resident, payment_id)
        self.phone.send("POST", "pay", {"prepay_id": prepay_id, "openid": resident.openid})

    def prepay(self, resident: Person, payment_id: str, **wish: Any) -> str:
        """A tap on 「支付」: the prepay id."""
        body = {"openid": resident.openid, **wish}
        return prepay_id_of(self.post(resident, f"/payments/{payment_id}/pay", body))

    def reaches(self, who: Client, order_id: str, *states: str, within_s: float = 90) -> Any:
        """The order, once it is in one of these states."""
        ends_at = time.monotonic() + within_s
        for pause_s in itertools.chain((0.02, 0.05), itertools.repeat(0.2)):
            order = self.get(who, f"/orders/{order_id}")
            if order["state"] in states:
                return order
            assert time.monotonic() < ends_at, f"{order['state']}, not {states}: {order_id}"
            time.sleep(pause_s)
        raise AssertionError("unreachable")

    def walk(self, number: int = 0) -> str:
        """A whole life of an order, from the tap to the settled money; its id."""
        resident = self.resident(number)
        keeper = self.person(self.shop.keeper.key)
        placed = self.order(resident, number)
        order_id = str(placed["orders"][0]["order_id"])
        self.pay(resident, placed["payment_id"])
        self.reaches(resident, order_id, "awaiting_confirmation")
        self.post(keeper, f"/orders/{order_id}/confirm")
        self.post(keeper, f"/orders/{order_id}/ready")
        courier_key = self.shop.couriers[0].key
        courier_id = demo_id("courier", courier_key)
        self.post(keeper, f"/orders/{order_id}/dispatch", {"courier_id": courier_id})
        self.bring(self.person(courier_key), order_id)
        self.reaches(resident, order_id, "delivered")
        self.post(resident, f"/orders/{order_id}/confirm-receipt")
        self.settled(resident, order_id)
        return order_id

    def settled(self, resident: Person, order_id: str, within_s: float = 90) -> None:
        """Return when the order knows that the merchant has its money."""
        ends_at = time.monotonic() + within_s
        while not self.get(resident, f"/orders/{order_id}")["settled_at"]:
            assert time.monotonic() < ends_at, f"{order_id} was not settled"
            time.sleep(0.1)

    def bring(self, courier: Person, order_id: str) -> None:
        """Through the gate, to the door, and out again."""
        guard = self.guard()
        gate = {"gate_id": demo_id("gate", self.town.gates[0])}
        visit_id, drop_id, state = self._drop(courier, order_id)
        if state == "expected":
            self.post(guard, f"/visits/{visit_id}/admit", gate)
        delivered = insist(lambda: courier.upload(photo()))
        self.post(courier, f"/drops/{drop_id}/deliver", delivered)
        self.post(guard, f"/visits/{visit_id}/leave", gate)

    def _drop(self, courier: Person, order_id: str) -> tuple[str, str, str]:
        for visit in self.get(courier, "/visits/mine")["visits"]:
            for drop in visit["drops"]:
                if drop["order_id"] == order_id:
                    return visit["visit_id"], drop["drop_id"], visit["state"]
        raise AssertionError(f"no drop for {order_id}")

    def cancelled_after_payment(self, number: int = 0) -> str:
        """Paid, cancelled, refunded; the order's id."""
        resident = self.resident(number)
        placed = self.order(resident, number)
        order_id = str(placed["orders"][0]["order_id"])
        self.pay(resident, placed["payment_id"])
        self.reaches(resident, order_id, "awaiting_confirmation")
        self.post(resident, f"/orders/{order_id}/cancel", {"reason": "不需要了"})
        ends_at = time.monotonic() + 90
        while not self.get(resident, f"/orders/{order_id}")["refunded_at"]:
            assert time.monotonic() < ends_at, f"{order_id} was not refunded"
            time.sleep(0.1)
        return order_id

    def cancelled_before_payment(self, number: int = 0) -> str:
        """Placed, prepaid at the channel, closed; the order's id."""
        resident = self.resident(number)
        placed = self.order(resident, number)
        order_id = str(placed["orders"][0]["order_id"])
        self.prepay(resident, placed["payment_id"])
        self.post(resident, f"/orders/{order_id}/cancel", {"reason": "不需要了"})
        self.reaches(resident, order_id, "cancelled")
        return order_id

    def expired(self, number: int = 0) -> str:
        """Placed, prepaid at the channel, and never paid until its time is over; the order's id."""
        resident = self.resident(number)
        placed = self.order(resident, number)
        order_id = str(placed["orders"][0]["order_id"])
        self.prepay(resident, placed["payment_id"])
        past = "UPDATE sales_order SET deadline_at = '2020-01-01' WHERE order_id = "
        self.change("orders", f"{past}'{order_id}'")
        self.reaches(resident, order_id, "cancelled")
        return order_id

    def change(self, service: str, statement: str) -> None:
        """Let time pass in a service's own rows."""
        url = self.installation.environment[f"LINLI_{service.upper()}_DATABASE_URL"]
        engine = create_engine(url)
        try:
            with engine.begin() as connection:
                connection.execute(text(statement))
        finally:
            engine.dispose()
