"""Notices, through the use case with a channel made by hand; signatures are tried elsewhere."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from services.contracts.settlement import Channel, NoticeMismatch, NoticeRefused, ReceiveNotice
from services.kernel.ids import new_id
from services.kernel.schema import OUTBOX
from services.settlement.domain import accounts
from services.settlement.tables import EntryRow, EscrowRow
from services.settlement.use_cases.receive_notice import receive_notice
from tests.support.settlement import NOW, Books
from tests.support.statements import counted_statements

pytestmark = pytest.mark.database


def test_an_accepted_notice_takes_eight_statements_and_holds_the_money(books: Books) -> None:
    payment = books.open(700, 800)
    number = books.pays(payment)
    with counted_statements() as count:
        assert books.notify(number).duplicate is False
    assert count() == 8
    for part in payment.allocations:
        assert books.balance(accounts.escrow(part.order_id)) == part.amount_fen
    assert books.notices() == [("accepted", "")]
    books.assert_proved()


def test_the_same_notice_again_moves_no_money(books: Books) -> None:
    payment = books.open()
    number = books.pays(payment)
    books.notify(number, notice_id="EV-1")
    for notice_id in ("EV-1", "EV-2"):
        assert books.notify(number, notice_id=notice_id).duplicate is True
    assert books.count(EntryRow) == 2
    assert [outcome for outcome, _ in books.notices()] == ["accepted", "duplicate", "duplicate"]
    with books.db.reading() as tx:
        assert tx.scalar(select(func.count()).select_from(OUTBOX)) == 1


def test_a_forged_notice_is_recorded_and_does_not_keep_the_genuine_one_out(books: Books) -> None:
    payment = books.open()
    number = books.pays(payment)
    with pytest.raises(NoticeRefused):
        books.notify(number, notice_id="EV-1", genuine=False)
    assert books.count(EscrowRow) == 0
    assert books.notify(number, notice_id="EV-1").duplicate is False
    assert books.notices() == [
        ("refused", "the signature does not fit"),
        ("accepted", ""),
    ]


def test_a_genuine_notice_of_another_amount_is_recorded_and_moves_no_money(books: Books) -> None:
    payment = books.open()
    number = books.number_of(books.pay(payment))
    books.channel.is_paid(number, amount_fen=1501)
    with pytest.raises(NoticeMismatch) as refused:
        books.notify(number)
    assert refused.value.fields == {"amount": "1501, not 1500"}
    assert books.count(EntryRow) == 0
    assert books.notices()[0][0] == "refused"


@pytest.mark.parametrize("wrong", ["merchant_number", "app_id", "currency"])
def test_a_genuine_notice_for_somebody_else_moves_no_money(books: Books, wrong: str) -> None:
    payment = books.open()
    number = books.pays(payment)
    books.channel.trades[number] = replace(books.channel.trades[number], **{wrong: "other"})
    with pytest.raises(NoticeMismatch):
        books.notify(number)
    assert books.count(EntryRow) == 0


def test_a_notice_of_an_unknown_channel_order_is_refused(books: Books) -> None:
    payment = books.open()
    number = books.pays(payment)
    books.channel.trades["stranger"] = replace(
        books.channel.trades[number], out_trade_no="stranger"
    )
    with pytest.raises(NoticeMismatch):
        books.notify("stranger")


def test_a_notice_that_does_not_parse_is_recorded_without_harm(books: Books) -> None:
    for body in ("", "[]", '{"event_type": "<script>' + "x" * 500 + '"}'):
        command = ReceiveNotice(request_id=new_id(), channel=Channel.WECHAT, headers={}, body=body)
        with pytest.raises(NoticeRefused):
            receive_notice(books.db, books.channels, command, NOW)
    assert len(books.notices()) == 3
