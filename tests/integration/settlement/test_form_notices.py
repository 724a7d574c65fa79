"""Alipay's and UnionPay's notices carried to settlement byte by byte, and the books against bills.

The sandbox pays as a payer's browser would; nobody listens at its notify URL.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
import requests
from sqlalchemy import select, update

from services.contracts.settlement import (
    Channel,
    NoticeMismatch,
    NoticeRefused,
    NoticeView,
    PaymentView,
    PayWay,
    ReceiveNotice,
    RefundState,
)
from services.kernel.db import Database
from services.kernel.ids import new_id
from services.settlement.audit import prove_books
from services.settlement.channels.alipay import AlipayChannel
from services.settlement.channels.unionpay import UnionPayChannel
from services.settlement.domain.channel import PayChannel
from services.settlement.settings import Settings
from services.settlement.tables import ChannelOrderRow, EntryRow, EscrowRow, RefundRow
from services.settlement.use_cases.receive_notice import receive_notice
from services.settlement.use_cases.settle_refund import run_refunds
from tests.support.servers import wait_until
from tests.support.settlement import Books
from tests.support.settlement_sandbox import Sandbox, now, open_now

pytestmark = pytest.mark.database


@dataclass
class Shop:
    """Settlement with one real driver, and the sandbox behind it."""

    books: "FormBooks"
    world: Sandbox
    way: PayWay

    @property
    def channel(self) -> Channel:
        return self.books.channel.till.channel

    def paid(self, *amounts_fen: int) -> tuple[PaymentView, str]:
        """A payment that was paid on the channel's page, and the channel order's number."""
        payment = open_now(self.books, *amounts_fen)
        view = self.books.pay(payment, now=now(), way=self.way)
        assert view.offer is not None
        if view.offer.form is None:
            page = requests.get(view.offer.redirect_url, timeout=10)
        else:
            page = requests.post(view.offer.form.url, data=view.offer.form.fields, timeout=10)
        assert requests.post(page.url, timeout=10).ok
        with self.books.db.reading() as tx:
            number = tx.execute(
                select(ChannelOrderRow.out_trade_no).where(
                    ChannelOrderRow.payment_id == payment.payment_id
                )
            ).scalar_one()
        return payment, number

    def notice(self, number: str) -> str:
        attempt = wait_until(lambda: next(iter(self.world.recorded(number)), None), 10, "a notice")
        return str(attempt["body"])

    def carry(
        self, body: str, channel: PayChannel | None = None, at: datetime | None = None
    ) -> NoticeView:
        """What the gateway does with what came in."""
        command = ReceiveNotice(request_id=new_id(), channel=self.channel, headers={}, body=body)
        channels = {self.channel: channel} if channel else self.books.channels
        return receive_notice(self.books.db, channels, command, at or now())

    def outcomes(self) -> list[str]:
        return [outcome for outcome, _ in self.books.notices()]


class FormBooks(Books):
    """Books with a real driver."""

    @property
    def channels(self) -> Mapping[Channel, PayChannel]:  # type: ignore[override]
        return {self.channel.till.channel: self.channel}


DRIVERS: dict[PayWay, Any] = {
    PayWay.ALIPAY_PAGE: AlipayChannel,
    PayWay.UNIONPAY_PAGE: UnionPayChannel,
}
OTHERS = {
    PayWay.ALIPAY_PAGE: {"alipay_seller_id": "2088000000000000"},
    PayWay.UNIONPAY_PAGE: {"unionpay_mer_id": "777290000000000"},
}
AMOUNTS = {PayWay.ALIPAY_PAGE: "total_amount", PayWay.UNIONPAY_PAGE: "txnAmt"}


@pytest.fixture(params=DRIVERS, ids=lambda way: str(way.value))
def shop(request: pytest.FixtureRequest, db: Database, settings: Settings, world: Sandbox) -> Shop:
    driver = DRIVERS[request.param](settings)
    return Shop(FormBooks(db, driver, now()), world, request.param)


def test_a_genuine_notice_holds_the_money_once(shop: Shop) -> None:
    _, number = shop.paid(700, 800)
    body = shop.notice(number)
    assert shop.carry(body).duplicate is False
    assert shop.carry(body).duplicate is True
    assert shop.books.count(EscrowRow) == 2
    assert shop.outcomes() == ["accepted", "duplicate"]


def test_altered_replayed_and_unsigned_notices_are_refused_and_recorded(shop: Shop) -> None:
    _, number = shop.paid()
    body = shop.notice(number)
    altered = urlencode(dict(parse_qsl(body)) | {AMOUNTS[shop.way]: "1"})
    for wrong, at in ((altered, now()), ("a=1", now()), (body, now() + timedelta(days=4))):
        with pytest.raises(NoticeRefused):
            shop.carry(wrong, at=at)
    assert shop.outcomes() == ["refused"] * 3
    assert shop.books.count(EntryRow) == 0


def test_a_notice_for_another_merchant_is_refused_and_recorded(
    shop: Shop, settings: Settings
) -> None:
    _, number = shop.paid()
    other = DRIVERS[shop.way](settings.model_copy(update=OTHERS[shop.way]))
    with pytest.raises(NoticeRefused, match="another merchant"):
        shop.carry(shop.notice(number), other)
    assert shop.outcomes() == ["refused"]


def test_a_signed_notice_of_a_wrong_amount_or_of_another_merchants_order_is_refused(
    shop: Shop,
) -> None:
    shop.world.ask("PUT", "trouble", {"wrong_amount": True})
    _, number = shop.paid()
    with pytest.raises(NoticeMismatch, match="amount"):
        shop.carry(shop.notice(number))
    shop.world.ask("PUT", "trouble", {"wrong_amount": False})
    _, number = shop.paid()
    with shop.books.db.transaction() as tx:
        tx.execute(update(ChannelOrderRow).values(merchant_number="somebody"))
    with pytest.raises(NoticeMismatch, match="merchant"):
        shop.carry(shop.notice(number))
    assert shop.outcomes() == ["refused"] * 2
    assert shop.books.count(EntryRow) == 0


def test_paid_and_given_back_ends_with_books_that_agree_with_the_bill(shop: Shop) -> None:
    shop.world.ask("POST", "reset", {})
    kept, number = shop.paid(700)
    shop.carry(shop.notice(number))
    cancelled, number = shop.paid(300)
    shop.carry(shop.notice(number))
    shop.books.complete(kept, now=now())
    shop.books.cancel(cancelled)

    hours = count(1)

    def refunded() -> bool:
        later = now() + timedelta(hours=next(hours))  # no waiting for the pauses between tries
        run_refunds(shop.books.db, shop.books.channels, 3, later)
        with shop.books.db.reading() as tx:
            states = tx.execute(select(RefundRow.state)).scalars().all()
        return list(states) == [RefundState.DONE]

    wait_until(refunded, 10, "the refund")
    view = prove_books(shop.books.db, shop.books.channels, 2, now())
    wrong = [(proof.name, proof.differences) for proof in view.proofs if not proof.holds]
    assert wrong == []
