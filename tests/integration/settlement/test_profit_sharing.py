"""Custody `platform`: the shop receives, the channel freezes; shared out, and taken back late."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from services.contracts.orders import OrderCompleted, RefundTo
from services.contracts.settlement import (
    Allocation,
    Channel,
    Custody,
    PaymentView,
    PayWay,
    RefundState,
    WayNotOpen,
)
from services.kernel import failpoints
from services.kernel.db import Database
from services.kernel.failpoints import FailpointError
from services.kernel.ids import new_id
from services.kernel.schema import OUTBOX
from services.settlement.audit import sharing_books
from services.settlement.channels.wechat import WechatPayChannel
from services.settlement.channels.wechat_sharing import WechatSharing
from services.settlement.domain import accounts
from services.settlement.domain.accounts import Custodian
from services.settlement.domain.shares import ShareStep
from services.settlement.settings import Settings
from services.settlement.tables import EscrowRow, RefundRow
from services.settlement.tables_desk import CommissionRuleRow, CustodyRow, SubMerchantRow
from services.settlement.tables_sharing import ProfitShareRow, ShareReturnRow
from services.settlement.use_cases.open_payment import open_payment
from services.settlement.use_cases.refund_order import refund_order
from services.settlement.use_cases.resolve_escrow import refund_escrow, release_escrow
from services.settlement.use_cases.return_profit import run_returns
from services.settlement.use_cases.run_shares import run_shares
from services.settlement.use_cases.settle_refund import run_refunds
from tests.support.servers import wait_until
from tests.support.settlement import Books, cancelled, completed, open_command
from tests.support.settlement_orders import agreed, freeze, rule, thaw
from tests.support.settlement_sandbox import OPENID, Sandbox, carry, notice_of, now

pytestmark = pytest.mark.database

SHOP = "1600000099"
RATE_BP = 600


class Town:
    """A community whose shops receive themselves, with the real driver and the sandbox."""

    def __init__(self, books: Books, sharing: WechatSharing, world: Sandbox) -> None:
        self.books, self.sharing, self.world = books, sharing, world
        self.db, self.till = books.db, books.channel.till
        self.community_id, self.merchant_id = new_id(), new_id()
        self.ahead = timedelta()
        by = {"put_by": "test", "put_at": now()}
        with self.db.transaction() as tx:
            chosen = {"chosen_by": "test", "chosen_at": now()}
            values = {"community_id": self.community_id, "custody": Custody.PLATFORM}
            tx.execute(insert(CustodyRow), values | chosen)
            tx.execute(
                insert(SubMerchantRow), {"merchant_id": self.merchant_id, "sub_mchid": SHOP, **by}
            )
            tx.execute(insert(CommissionRuleRow), _rule(self.merchant_id))

    def paid(self, *amounts_fen: int) -> PaymentView:
        """A payment of the shop's orders, paid in the sandbox and heard of."""
        orders = [
            Allocation(order_id=new_id(), merchant_id=self.merchant_id, amount_fen=amount_fen)
            for amount_fen in amounts_fen or (1000,)
        ]
        command = open_command(
            community_id=self.community_id,
            allocations=orders,
            pay_before=now() + timedelta(minutes=15),
        )
        payment = open_payment(self.db, command, now())
        view = self.books.pay(payment, OPENID, now(), PayWay.WECHAT_JSAPI)
        assert view.offer is not None
        assert view.offer.jsapi is not None
        prepay_id = view.offer.jsapi.package.removeprefix("prepay_id=")
        self.world.pays(prepay_id)
        (trade,) = [
            t for t in self.world.ask("GET", "trades")["trades"] if t["prepay_id"] == prepay_id
        ]
        told = carry(self.books, notice_of(self.world, trade["out_trade_no"]))
        assert told.accepted
        return payment

    def complete(self, payment: PaymentView, index: int = 0) -> None:
        with self.db.transaction() as tx:
            event: OrderCompleted = completed(payment, index)
            release_escrow(tx, event, self.books.terms)

    def later(self) -> datetime:
        """Whatever waits for another try is due by then."""
        self.ahead += timedelta(hours=2)
        return now() + self.ahead

    def share(self) -> None:
        """Until the channel has shared out what can be."""
        wait_until(lambda: self._idle(run_shares, 0), 10, "shares are done")

    def _idle(self, run: Callable[..., int], *more: object) -> bool:
        return run(self.db, self.sharing, *more, self.later()) == 0

    def refund(self, payment: PaymentView, amount_fen: int) -> None:
        """So much goes back, as the two have agreed."""
        refund_order(self.db, agreed(payment, amount_fen), now())

    def return_commission(self) -> None:
        """Until every return is done."""
        wait_until(lambda: self._idle(run_returns), 10, "returns are done")

    def refunded(self) -> None:
        """Until every refund is done."""
        channels = self.books.channels
        wait_until(lambda: run_refunds(self.db, channels, 99, self.later()) == 0, 10, "refunds")

    def rows(self, table: type, *columns: Any) -> list[tuple[Any, ...]]:
        with self.db.reading() as tx:
            return [tuple(row) for row in tx.all(select(*columns).select_from(table))]

    def events(self, name: str) -> int:
        with self.db.reading() as tx:
            names = tx.all(select(OUTBOX.c.name))
        return sum(1 for row in names if row.name == name)

    def frozen(self, order_id: str) -> int:
        return self.books.balance(accounts.escrow(order_id, Custodian.CHANNEL))

    def at_channel(self, custodian: Custodian) -> int:
        till = self.till
        return -self.books.balance(accounts.clearing(till.channel, till.merchant_number, custodian))

    def shop_money(self) -> tuple[int, int]:
        """Frozen and free in the shop's own account at the channel."""
        (shop,) = [
            each
            for each in self.world.ask("GET", "sub-merchants")["sub_merchants"]
            if each["sub_mchid"] == SHOP
        ]
        return shop["frozen_fen"], shop["available_fen"]

    def assert_proved(self) -> None:
        self.books.assert_proved(bill_days=1)
        with self.db.reading() as tx:
            broken = {
                name: tx.all(query) for name, _, _, query in sharing_books.claims() if tx.all(query)
            }
        assert broken == {}


def _rule(merchant_id: str) -> dict[str, object]:
    return {
        "rule_id": new_id(),
        "merchant_id": merchant_id,
        "category": "",
        "rate_bp": RATE_BP,
        "from_day": now().date() - timedelta(days=9),
        "until_day": None,
        "made_by_account_id": new_id(),
        "made_by": "test",
        "made_at": now(),
    }


@pytest.fixture
def town(
    db: Database, settings: Settings, channel: WechatPayChannel, world: Sandbox
) -> Iterator[Town]:
    before = world.ask("GET", "settings")
    world.ask("POST", "reset")
    world.ask("POST", "sub-merchants", {"sub_mchid": SHOP, "name": "老陈早点铺"})
    quick = {"speed_up": 86_400, "share_delay_s": 0.02, "refund_delay_s": 0.02}
    world.ask("PUT", "settings", quick)
    books = Books(db, channel, now())  # type: ignore[arg-type]
    yield Town(books, WechatSharing(settings), world)
    world.ask("PUT", "settings", {name: before[name] for name in quick})


def test_a_completed_order_is_shared_out_and_told_when_the_channel_has_done_it(town: Town) -> None:
    payment = town.paid(1000)
    order_id = payment.allocations[0].order_id
    assert town.frozen(order_id) == 1000
    town.complete(payment)
    assert (town.frozen(order_id), town.events("escrow.released")) == (1000, 0)
    town.assert_proved()

    town.share()

    assert town.shop_money() == (0, 940)
    assert (town.frozen(order_id), town.at_channel(Custodian.CHANNEL)) == (0, 0)
    assert town.at_channel(Custodian.PROPERTY) == 60
    assert town.books.balance(accounts.COMMISSION) == 60
    assert town.events("escrow.released") == 1
    town.assert_proved()


def test_orders_of_one_payment_are_shared_out_when_the_last_one_is_over(town: Town) -> None:
    payment = town.paid(1000, 500)
    town.complete(payment, 0)
    town.share()
    assert town.shop_money() == (1500, 0)
    with town.db.transaction() as tx:
        refund_escrow(tx, cancelled(payment, 1), now())
    town.refunded()
    town.share()
    assert town.shop_money() == (0, 940)
    assert town.books.balance(accounts.COMMISSION) == 60
    town.assert_proved()


def test_nothing_is_asked_too_soon_after_the_payment(town: Town) -> None:
    payment = town.paid(1000)
    town.complete(payment)
    assert run_shares(town.db, town.sharing, 60, now()) == 0
    assert run_shares(town.db, None, 0, now()) == 0


def test_an_order_cancelled_while_frozen_goes_back_from_the_shops_money(town: Town) -> None:
    payment = town.paid(1000)
    with town.db.transaction() as tx:
        refund_escrow(tx, cancelled(payment), now())
    town.refunded()
    assert town.shop_money() == (0, 0)
    assert town.at_channel(Custodian.CHANNEL) == 0
    assert town.rows(RefundRow, RefundRow.state, RefundRow.custodian) == [
        (RefundState.DONE, Custodian.CHANNEL)
    ]
    town.assert_proved()


@pytest.mark.parametrize(
    "step", ["settlement.share.after_intent", "settlement.share.after_channel"]
)
def test_a_crash_in_the_middle_shares_once_and_books_once(town: Town, step: str) -> None:
    payment = town.paid(1000)
    town.complete(payment)
    failpoints.arm(f"{step}=error@1")
    try:
        with pytest.raises(FailpointError):
            run_shares(town.db, town.sharing, 0, now())
    finally:
        failpoints.arm("")
    town.share()
    assert town.shop_money() == (0, 940)
    assert town.books.balance(accounts.COMMISSION) == 60
    assert town.events("escrow.released") == 1
    town.assert_proved()


def test_a_share_that_fails_is_asked_for_under_another_number(town: Town) -> None:
    town.world.ask("PUT", "trouble", {"shares": "closed"})
    payment = town.paid(1000)
    town.complete(payment)

    def failed_once() -> bool:
        run_shares(town.db, town.sharing, 0, town.later())
        return town.rows(ProfitShareRow, ProfitShareRow.attempt) == [(1,)]

    wait_until(failed_once, 10, "the first share fails")
    assert town.shop_money() == (1000, 0)
    town.assert_proved()
    town.world.ask("DELETE", "trouble")
    town.share()
    assert town.shop_money() == (0, 940)
    town.assert_proved()


def test_a_channel_that_is_away_is_asked_again(town: Town) -> None:
    payment = town.paid(1000)
    town.complete(payment)
    town.world.ask("PUT", "trouble", {"pay_outage_s": 30})
    assert run_shares(town.db, town.sharing, 0, now()) == 1
    (row,) = town.rows(ProfitShareRow, ProfitShareRow.state, ProfitShareRow.try_count)
    assert row == (ShareStep.ASKED, 1)
    town.world.ask("DELETE", "trouble")
    town.share()
    assert town.shop_money() == (0, 940)


def test_a_refund_before_anybody_was_asked_leaves_less_to_share(town: Town) -> None:
    payment = town.paid(1000)
    town.complete(payment)
    town.refund(payment, 500)
    town.assert_proved()
    town.refunded()
    town.share()
    assert town.shop_money() == (0, 470)
    assert town.books.balance(accounts.COMMISSION) == 30
    assert town.rows(ShareReturnRow, ShareReturnRow.return_id) == []
    town.assert_proved()


def test_a_refund_while_it_is_shared_out_has_to_wait(town: Town) -> None:
    payment = town.paid(1000)
    town.complete(payment)
    town.world.ask("PUT", "settings", {"share_delay_s": 60.0})
    run_shares(town.db, town.sharing, 0, now())
    with pytest.raises(WayNotOpen):
        town.refund(payment, 500)
    town.assert_proved()


@pytest.mark.parametrize("crash", [False, True])
def test_a_refund_after_sharing_brings_the_commission_back_first(town: Town, crash: bool) -> None:
    payment = town.paid(1000)
    order_id = payment.allocations[0].order_id
    town.complete(payment)
    town.share()
    town.refund(payment, 1000)
    assert (town.frozen(order_id), town.books.balance(accounts.COMMISSION)) == (0, 0)
    town.assert_proved()
    if crash:
        failpoints.arm("settlement.share.after_return=error@1")
        try:
            with pytest.raises(FailpointError):
                run_returns(town.db, town.sharing, now())
        finally:
            failpoints.arm("")

    town.return_commission()
    assert town.shop_money() == (0, 1000)
    town.refunded()

    assert town.shop_money() == (0, 0)
    assert town.at_channel(Custodian.PROPERTY) == town.at_channel(Custodian.CHANNEL) == 0
    assert town.rows(RefundRow, RefundRow.state, RefundRow.amount_fen) == [(RefundState.DONE, 1000)]
    town.assert_proved()


def test_a_return_that_fails_is_asked_for_under_another_number(town: Town) -> None:
    payment = town.paid(1000)
    town.complete(payment)
    town.share()
    town.world.ask("PUT", "trouble", {"returns": "failed"})
    town.refund(payment, 1000)

    def failed_once() -> bool:
        run_returns(town.db, town.sharing, town.later())
        return town.rows(ShareReturnRow, ShareReturnRow.attempt) == [(1,)]

    wait_until(failed_once, 10, "the first return fails")
    town.world.ask("DELETE", "trouble")
    town.return_commission()
    town.refunded()
    assert town.shop_money() == (0, 0)
    town.assert_proved()


def test_a_refund_that_is_under_way_comes_out_of_what_is_frozen(town: Town) -> None:
    payment = town.paid(1000)
    town.refund(payment, 400)
    town.complete(payment)
    town.share()
    assert town.shop_money() == (1000, 0)
    town.refunded()
    town.share()
    assert town.shop_money() == (0, 564)
    assert town.books.balance(accounts.COMMISSION) == 36
    town.assert_proved()


def test_a_quarrel_before_completion_keeps_all_of_it_frozen_until_it_is_over(town: Town) -> None:
    thawed, ruled = town.paid(1000), town.paid(1000)
    for payment in (thawed, ruled):
        freeze(town.books, payment)
        town.complete(payment)
    town.share()
    assert town.shop_money() == (2000, 0)
    thaw(town.books, thawed)
    rule(town.books, ruled, 400, RefundTo.CHANNEL)
    town.refunded()
    town.share()
    assert town.shop_money() == (0, 940 + 564)
    town.assert_proved()


def test_a_quarrel_after_settlement_freezes_nothing_that_the_shop_has(town: Town) -> None:
    payment = town.paid(1000)
    town.complete(payment)
    town.share()
    with pytest.raises(WayNotOpen):
        freeze(town.books, payment)
    assert town.shop_money() == (0, 940)
    town.assert_proved()


def test_the_payment_names_the_channel_that_holds_it(town: Town) -> None:
    payment = town.paid(1000)
    held = town.rows(EscrowRow, EscrowRow.order_id, EscrowRow.custodian, EscrowRow.channel_fen)
    assert held == [(payment.allocations[0].order_id, Custodian.CHANNEL, 1000)]
    assert town.till.channel is Channel.WECHAT
