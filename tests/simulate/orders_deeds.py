"""What neighbours do with orders while processes are being killed, each deal to its end.

Each deed insists as people do, and returns when the order is done or off.
"""

import random
import threading
from collections.abc import Callable
from typing import Any

from deploy.demo.clients import HttpRefused, Staff
from deploy.demo.connection import demo_id
from tests.support.servers import wait_until
from tests.system.deal import Deal
from tests.system.life import Life

PATIENCE_S = 150.0
FINAL = ("completed", "cancelled")
DONE_BEFORE = ("orders.wrong_case_state", "orders.wrong_dispute_state", "orders.wrong_state")
"""What somebody was about to say has been said by the clock or the other side meanwhile."""

ONE_COURIER = threading.Lock()
"""The shop's courier walks one way at a time."""


class Neighbour:
    """One household's resident and the shop, with the property at hand."""

    def __init__(self, life: Life, number: int) -> None:
        self.life, self.number = life, number
        self.deal = Deal(life, number)
        self.mediator: Staff = life.staff("tiaojie")
        self.manager: Staff = life.staff("jingli")
        self.story: list[str] = []

    def acts(self, chance: random.Random, count: int) -> None:
        """So many deals."""
        deeds: list[Callable[[random.Random], str]] = [
            self.received,
            self.fetched,
            self.amended,
            self.sent_back,
            self.exchanged,
            self.quarrelled,
            self.called_off,
        ]
        for deed in chance.choices(deeds, k=count):
            order_id = deed(chance)
            self.deal.life.reaches(self.deal.resident, order_id, *FINAL, within_s=PATIENCE_S)
            self.story.append(f"{deed.__name__} {order_id}")

    def received(self, chance: random.Random) -> str:
        """At the door, and confirmed."""
        order_id = self._delivered(chance.randint(1, 4))
        self._confirm(order_id)
        if chance.random() < 0.5:
            review = {"stars": chance.randint(1, 5), "text": "好"}
            self.life.post(self.deal.resident, f"/orders/{order_id}/review", review)
        return order_id

    def fetched(self, chance: random.Random) -> str:
        """With its code, at once or in two parts."""
        good = self.life.shop.goods[0]
        body = {
            "household_id": demo_id(self.life.town.households[self.number].key),
            "lines": [{"sku_id": demo_id(good.key, "0"), "quantity": 3}],
            "handovers": [{"store_id": self.life.store_id, "fulfilment": "pickup"}],
        }
        placed = self.life.post(self.deal.resident, "/orders", body)
        order_id = str(placed["orders"][0]["order_id"])
        self.life.pay(self.deal.resident, placed["payment_id"])
        self.life.reaches(self.deal.resident, order_id, "awaiting_confirmation")
        for step in ("confirm", "ready"):
            self._shop(f"/orders/{order_id}/{step}")
        order = self.life.get(self.deal.resident, f"/orders/{order_id}")
        code = {"code": order["pickup_code"]}
        if chance.random() < 0.5:
            part = {"sku_id": order["lines"][0]["sku_id"], "quantity": 1}
            self._shop(f"/orders/{order_id}/hand-over", {**code, "lines": [part]})
        self._shop(f"/orders/{order_id}/hand-over", code)
        return order_id

    def amended(self, chance: random.Random) -> str:
        """Fewer or dearer pieces; a difference is paid, or it is not; then all goes on."""
        order_id = self.deal.paid(3)
        extra_fen = chance.choice((0, 0, 50))
        amendment = self.deal.amended(order_id, 2 if not extra_fen else 3, extra_fen=extra_fen)
        if extra_fen:
            waiting = self.deal.amendment_is(order_id, "awaiting_payment", "failed")
            if waiting["payment_id"] and chance.random() < 0.7:
                self.life.pay(self.deal.resident, waiting["payment_id"])
            elif waiting["supplement_id"]:
                self._cancel(str(waiting["supplement_id"]))
        ended = self.deal.amendment_is(order_id, "done", "failed")
        self.story.append(f"amendment {amendment['amendment_id']} is {ended['state']}")
        self._shop(f"/orders/{order_id}/cancel", {"reason": "来不及做"})
        return order_id

    def sent_back(self, chance: random.Random) -> str:
        """Something of what came goes back for money, or the money alone does."""
        order_id = self._delivered(3)
        kind = chance.choice(("refund", "return"))
        path = self.deal.case(order_id, kind=kind)
        self._shop(f"{path}/answer", {"answer": "agree"})
        if kind == "return":
            self.life.post(self.deal.resident, f"{path}/send-back", {"text": "放店里了"})
            self._shop(f"{path}/take-back", {"restock": True})
        self.deal.case_is(path, "done")
        self._confirm(order_id)
        return order_id

    def exchanged(self, chance: random.Random) -> str:
        """The new one is handed over at the shop."""
        order_id = self._delivered(1)
        path = self.deal.case(order_id, kind="exchange")
        self._shop(f"{path}/answer", {"answer": "agree"})
        self.life.post(self.deal.resident, f"{path}/send-back", {"text": "放店里了"})
        self._shop(f"{path}/take-back")
        self._shop(f"{path}/send-replacement")
        self.life.post(self.deal.resident, f"{path}/confirm-replacement")
        self.deal.case_is(path, "done")
        self._confirm(order_id)
        return order_id

    def quarrelled(self, chance: random.Random) -> str:
        """Agreed on between the two, ruled, or decided on appeal."""
        order_id = self._delivered(3) if chance.random() < 0.5 else self.deal.paid(3)
        path = self.deal.dispute(order_id)
        seen = self.deal.dispute_is(path, "negotiating")
        fen = chance.choice((0, seen["frozen_fen"] // 3, seen["frozen_fen"]))
        split = {"to_resident_fen": fen}
        if chance.random() < 0.3:
            self._shop(f"{path}/propose-split", split)
            self.life.post(self.deal.resident, f"{path}/accept-split", split)
        else:
            self._ruled(path, {**split, "reason": "各退一步"}, chance)
        self.deal.dispute_is(path, "closed")
        return order_id

    def _ruled(self, path: str, ruling: dict[str, Any], chance: random.Random) -> None:
        self.life.post(self.deal.resident, f"{path}/call-mediator")
        self.life.post(self.mediator, f"{path}/take")
        self.life.post(self.mediator, f"{path}/rule", ruling)
        if chance.random() < 0.5:
            self.life.post(self.deal.resident, f"{path}/appeal", {"text": "不服"})
            self.life.post(self.manager, f"{path}/decide", ruling)
            return
        for who in (self.deal.resident, self.deal.keeper):
            self.life.post(who, f"{path}/accept-ruling")

    def called_off(self, chance: random.Random) -> str:
        """Paid or not, by the resident."""
        if chance.random() < 0.5:
            placed = self.life.order(self.deal.resident, self.number, quantity=2)
            order_id = str(placed["orders"][0]["order_id"])
            self.life.prepay(self.deal.resident, placed["payment_id"])
        else:
            order_id = self.deal.paid(2)
        self._cancel(order_id)
        return order_id

    def _delivered(self, quantity: int) -> str:
        order_id = self.deal.paid(quantity)
        with ONE_COURIER:
            self.deal.brought(order_id)
        return order_id

    def _shop(self, path: str, body: Any = None) -> None:
        self.life.post(self.deal.keeper, path, body)

    def _cancel(self, order_id: str) -> None:
        body = {"reason": "不需要了", "refund_to": "channel"}
        self.life.post(self.deal.resident, f"/orders/{order_id}/cancel", body)

    def _confirm(self, order_id: str) -> None:
        """Unless what was agreed has ended the deal before."""
        wait_until(lambda: self._calm(order_id), PATIENCE_S, f"{order_id} is calm")
        if self.life.get(self.deal.resident, f"/orders/{order_id}")["state"] in FINAL:
            return
        try:
            self.life.post(self.deal.resident, f"/orders/{order_id}/confirm-receipt")
        except HttpRefused as refusal:
            if refusal.code not in DONE_BEFORE:
                raise

    def _calm(self, order_id: str) -> bool:
        order = self.life.get(self.deal.resident, f"/orders/{order_id}")
        return bool(order["trouble"] == "none")
