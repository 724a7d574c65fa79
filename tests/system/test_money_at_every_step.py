"""kill -9 at each step of fees, withdrawals, cards, sharing and reconciliation: the books hold."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.clients import Person, Staff
from deploy.demo.connection import demo_id
from deploy.demo.money_story import open_shop
from deploy.demo.teller import Story
from services.kernel.clock import now
from services.kernel.ids import new_id
from services.settlement.domain.days import day_of
from tests.support.servers import wait_until
from tests.system.life import Life, insist
from tests.system.test_kill_at_every_step import killed

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("audited")]
CONSENT = "本户同意用资金账户余额抵扣这笔物业费"


class Money:
    """One household's fund, and what is done with it."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.resident: Person = life.resident()
        self.household = insist(self.resident.me)["households"][0]
        self.owner_id = self.household["household_id"]

    def balance(self) -> int:
        """In fen."""
        view = self.life.get(self.resident, f"/funds/household/{self.owner_id}")
        return int(view["balance_fen"])

    def fill(self, at_least_fen: int) -> None:
        """A cancelled order's money goes to the fund."""
        while self.balance() < at_least_fen:
            before = self.balance()
            placed = self.life.order(self.resident, quantity=50)
            order_id = placed["orders"][0]["order_id"]
            self.life.pay(self.resident, placed["payment_id"])
            self.life.reaches(self.resident, order_id, "awaiting_confirmation")
            body = {"reason": "不需要了", "refund_to": "fund"}
            self.life.post(self.resident, f"/orders/{order_id}/cancel", body)
            wait_until(lambda before=before: self.balance() > before, 60, "the refund")

    def withdraw(self, amount_fen: int) -> str:
        """Asked for; its path."""
        body = {"amount_fen": amount_fen, "way": "wechat", "openid": self.resident.openid}
        asked = self.life.post(self.resident, f"/funds/household/{self.owner_id}/withdrawals", body)
        return f"/withdrawals/{asked['withdrawal_id']}"

    def bill(self, amount_fen: int) -> str:
        """A bill of the fee system's, fetched; its id."""
        number = f"WY{new_id()[-10:]}"
        bill = {
            "community_id": self.life.community_id,
            "number": number,
            "debtor_kind": "home",
            "debtor_id": self.household["home_id"],
            "title": "物业费",
            "period": "2026-11",
            "amount_fen": amount_fen,
            "due_day": f"{day_of(now()) + timedelta(days=9)}",
        }
        self.life.phone.send("PUT", "fees/bills", bill)
        cashier = self.life.staff("chuna")

        def fetched() -> Any:
            self.life.post(cashier, "/fees/fetch")
            path = f"/fees?debtor_kind=home&debtor_id={bill['debtor_id']}&limit=100"
            bills = self.life.get(self.resident, path)["items"]
            return next((one for one in bills if one["external_number"] == number), None)

        return str(wait_until(fetched, 60, "the bill")["bill_id"])


@pytest.fixture
def money(life: Life) -> Money:
    """The first household's."""
    return Money(life)


def test_a_withdrawal_is_paid_once_though_processes_die_on_the_way(
    money: Money, arm: Callable[[str], Path]
) -> None:
    money.fill(300)
    before = money.balance()
    marks = [
        arm("settlement.payout.after_intent"),
        arm("settlement.payout.after_channel"),
        arm("withdrawal.changed.before_commit"),
    ]
    path = money.withdraw(200)
    state = lambda: money.life.get(money.resident, f"{path}?refresh=true")["state"]  # noqa: E731
    wait_until(lambda: state() == "awaiting_payee", 90, "WeChat's question")
    money.life.phone.send("POST", f"transfers/{path.rpartition('/')[2]}/confirm")
    wait_until(lambda: state() == "done", 90, "the payout")
    for mark in marks:
        killed(mark)
    assert money.balance() == before - 200


def test_a_fee_is_offset_and_told_once_though_processes_die_on_the_way(
    money: Money, arm: Callable[[str], Path]
) -> None:
    money.fill(300)
    before = money.balance()
    bill_id = money.bill(120)
    marks = [arm("settlement.fee.after_commit"), arm("settlement.fee.after_told")]
    body = {
        "owner_kind": "household",
        "owner_id": money.owner_id,
        "amount_fen": 120,
        "consent": CONSENT,
    }
    money.life.post(money.resident, f"/fees/{bill_id}/offset", body)
    closed = lambda: money.life.get(money.resident, f"/fees/{bill_id}")["state"] == "closed"  # noqa: E731
    wait_until(closed, 90, "the acceptance")
    for mark in marks:
        killed(mark)
    assert money.balance() == before - 120


def test_a_cards_rest_comes_back_once_though_processes_die_on_the_way(
    money: Money, arm: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in money.life.installation.environment.items():
        monkeypatch.setenv(name, value)
    merchant_id, plan, _ = open_shop(Story(tell=False))
    line = {"sku_id": plan["skus"][0]["sku_id"], "quantity": 1}
    placed = money.life.post(
        money.resident, "/orders", {"household_id": money.owner_id, "lines": [line]}
    )
    money.life.pay(money.resident, placed["payment_id"])
    money.life.reaches(money.resident, placed["orders"][0]["order_id"], "completed")
    cards = f"SELECT COUNT(*) FROM card WHERE merchant_id = '{merchant_id}'"
    wait_until(lambda: money.life.scalar("settlement", cards) == 1, 60, "the card")
    before = money.balance()
    marks = [arm(name) for name in ("merchant.left.before_commit", "card.returned.before_commit")]
    manager = money.life.staff("jingli")
    money.life.post(manager, f"/merchants/{merchant_id}/leave", {"reason": "连夜搬走，联系不上"})
    wanted = before + placed["amount_fen"]
    wait_until(lambda: money.balance() == wanted, 90, "the rest of the card")
    for mark in marks:
        killed(mark)
    assert money.balance() == wanted


def test_settling_in_bulk_goes_on_where_a_process_died(
    money: Money, arm: Callable[[str], Path]
) -> None:
    mark = arm("settlement.settle.after_batch")
    killed(mark)
    cash_order_ends_settled(money)


def cash_order_ends_settled(money: Money) -> None:
    """Paid in cash at the door, handed in, settled once."""
    life, resident = money.life, money.resident
    keeper = life.person(life.shop.keeper.key)
    placed = life.order(resident)
    order_id = placed["orders"][0]["order_id"]
    life.post(resident, f"/payments/{placed['payment_id']}/pay", {"way": "on_delivery"})
    life.reaches(resident, order_id, "awaiting_confirmation")
    life.post(keeper, f"/orders/{order_id}/confirm")
    life.post(keeper, f"/orders/{order_id}/ready")
    courier_key = life.shop.couriers[0].key
    courier = {"courier_id": demo_id("courier", courier_key)}
    life.post(keeper, f"/orders/{order_id}/dispatch", courier)
    life.bring(life.person(courier_key), order_id)
    life.reaches(resident, order_id, "delivered")
    life.post(resident, f"/orders/{order_id}/confirm-receipt")
    cashier: Staff = life.staff("chuna")
    body = {"order_ids": [order_id], "amount_fen": placed["amount_fen"]}
    life.post(cashier, "/cash/hand-in", body)
    life.settled(resident, order_id)


def test_a_day_is_matched_to_the_end_though_processes_die_on_the_way(
    money: Money, arm: Callable[[str], Path]
) -> None:
    placed = money.life.order(money.resident)
    money.life.pay(money.resident, placed["payment_id"])
    order_id = placed["orders"][0]["order_id"]
    money.life.reaches(money.resident, order_id, "awaiting_confirmation")
    accountant = money.life.staff("kuaiji")
    mark = arm("settlement.reconcile.between_batches")
    today = day_of(now()).isoformat()

    def matched() -> bool:
        body = {"channel": "wechat", "day": today}
        day = money.life.post(accountant, "/reconciliation", body)
        time.sleep(0.5)
        return day["state"] not in ("waiting", "matching")

    wait_until(matched, 90, "the day is matched")
    killed(mark)
