"""What residents and the cashier do with money while processes are being killed, each to its end.

Each deed insists as people do, and returns when its money is where it belongs.
"""

import random
import time
from collections.abc import Callable
from typing import Any

from deploy.demo.clients import HttpRefused, Person, Staff
from deploy.demo.connection import demo_id
from tests.system.life import Life

PATIENCE_S = 120.0
WITHDRAW_FEN = 100
"""The least that may be withdrawn."""
POORER = {"settlement.insufficient_funds", "settlement.beyond_limit"}


class Client:
    """One household's resident, with the cashier at hand."""

    def __init__(self, life: Life, number: int) -> None:
        self.life, self.number = life, number
        self.resident: Person = life.resident(number)
        self.cashier: Staff = life.staff("chuna")
        self.household_id = demo_id(life.town.households[number].key)
        self.story: list[str] = []

    def acts(self, chance: random.Random, count: int) -> None:
        """So many deeds; the first one puts something on the fund."""
        deeds: list[Callable[[random.Random], None]] = [
            self.cancelled,
            self.paid_in_parts,
            self.paid_at_the_door,
            self.withdrawn,
            self.never_paid,
        ]
        self.cancelled(chance, to="fund")
        for deed in chance.choices(deeds, k=count - 1):
            deed(chance)

    def cancelled(self, chance: random.Random, to: str = "") -> None:
        """Paid through WeChat, cancelled, given back."""
        order_id, payment_id, _ = self._ordered(chance)
        self.life.pay(self.resident, payment_id)
        self._held(order_id)
        self._cancel(order_id, to or chance.choice(("channel", "fund")))

    def paid_in_parts(self, chance: random.Random) -> None:
        """Fund and WeChat together; the cashier gives a part back; then all of it is."""
        order_id, payment_id, amount_fen = self._ordered(chance)
        fund_fen = min(self._on_fund(), amount_fen // 2)
        self.story.append(f"{fund_fen} of it from the fund")
        prepay_id = self.life.prepay(self.resident, payment_id, fund_fen=fund_fen)
        self.life.phone.send(
            "POST", "pay", {"prepay_id": prepay_id, "openid": self.resident.openid}
        )
        self._held(order_id)
        part = {"amount_fen": amount_fen // 3, "to": "channel", "reason": "少了一份"}
        self.life.post(self.cashier, f"/orders/{order_id}/refunds", part)
        if chance.random() < 0.5:
            self._cancel(order_id, chance.choice(("channel", "fund")))

    def paid_at_the_door(self, chance: random.Random) -> None:
        """Promised in cash; called off, or brought to the desk."""
        order_id, payment_id, amount_fen = self._ordered(chance)
        way = {"way": "on_delivery", "openid": self.resident.openid}
        self.life.post(self.resident, f"/payments/{payment_id}/pay", way)
        self._held(order_id)
        if chance.random() < 0.5:
            self._cancel(order_id, "fund")
            return
        counted = {"order_ids": [order_id], "amount_fen": amount_fen}
        self.life.post(self.cashier, "/cash/hand-in", counted)
        self.story.append("cash handed in")

    def withdrawn(self, chance: random.Random) -> None:
        """By WeChat: the payee confirms, or takes it back."""
        path = f"/funds/household/{self.household_id}/withdrawals"
        wish = {"amount_fen": WITHDRAW_FEN, "way": "wechat", "openid": self.resident.openid}
        try:
            asked = self.life.post(self.resident, path, wish)
        except HttpRefused as refusal:
            if refusal.code not in POORER:
                raise
            self.story.append(f"withdrawal: {refusal.code}")
            return
        number = str(asked["withdrawal_id"])
        self._withdrawal_reaches(number, "awaiting_payee")
        if chance.random() < 0.6:
            self.life.phone.send("POST", f"transfers/{number}/confirm")
            self._withdrawal_reaches(number, "done")
        else:
            self.life.post(self.resident, f"/withdrawals/{number}/cancel")
            self._withdrawal_reaches(number, "cancelled")

    def never_paid(self, chance: random.Random) -> None:
        """The sheet was open, and the order is cancelled."""
        order_id, payment_id, _ = self._ordered(chance)
        self.life.prepay(self.resident, payment_id)
        self.life.post(self.resident, f"/orders/{order_id}/cancel", {"reason": "不需要了"})
        self.life.reaches(self.resident, order_id, "cancelled", within_s=PATIENCE_S)

    def _ordered(self, chance: random.Random) -> tuple[str, str, int]:
        """An order's id, its payment's and its price."""
        sku, quantity = chance.randrange(3), chance.randint(1, 9)
        placed = self.life.order(self.resident, self.number, sku=sku, quantity=quantity)
        order = placed["orders"][0]
        self.story.append(f"order {order['order_id']} of {order['amount_fen']}")
        return str(order["order_id"]), str(placed["payment_id"]), int(order["amount_fen"])

    def _held(self, order_id: str) -> None:
        self.life.reaches(self.resident, order_id, "awaiting_confirmation", within_s=PATIENCE_S)

    def _cancel(self, order_id: str, to: str) -> None:
        body = {"reason": "不需要了", "refund_to": to}
        self.life.post(self.resident, f"/orders/{order_id}/cancel", body)
        self._until(lambda: self.life.get(self.resident, f"/orders/{order_id}")["refunded_at"])
        self.story.append(f"cancelled, to the {to}")

    def _on_fund(self) -> int:
        fund = self.life.get(self.resident, f"/funds/household/{self.household_id}")
        return int(fund["balance_fen"])

    def _withdrawal_reaches(self, number: str, state: str) -> None:
        path = f"/withdrawals/{number}?refresh=true"
        self._until(lambda: self.life.get(self.resident, path)["state"] == state)
        self.story.append(f"withdrawal {number} is {state}")

    def _until(self, true: Callable[[], Any]) -> None:
        ends_at = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < ends_at, self.story[-3:]
            time.sleep(0.1)
