"""What is said, to whom, and that WeChat will take it."""

from itertools import chain

import pytest

from services.contracts.orders import (
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderDelivered,
    OrderDispatched,
    OrderPaid,
    Party,
    RefundTo,
)
from services.contracts.settlement import EscrowReleased, RefundCompleted
from services.kernel.ids import new_id
from services.marketing.domain.notices import (
    KEYWORD_LENGTHS,
    WORDINGS,
    Kind,
    fields_of,
    fitted,
    greeting,
    lines_of,
    link_of,
)
from services.marketing.domain.tidings import Audience, shown_time, tidings_of
from tests.support.delivery import NOW
from tests.support.marketing import order_event, wechat_event

HOUSEHOLD, MERCHANT = new_id(), new_id()


def told(event: object) -> list[tuple[str, str, str]]:
    return [(t.kind, t.audience, t.group_id) for t in tidings_of(event)]


def cancelled(by: Party, *, paid: bool) -> OrderCancelled:
    event: OrderCancelled = order_event(
        OrderCancelled,
        household_id=HOUSEHOLD,
        merchant_id=MERCHANT,
        paid=paid,
        cancelled_by=by,
        reason="卖完了",
    )
    return event


def test_every_kind_has_a_wording_with_fields_that_wechat_knows() -> None:
    assert set(WORDINGS) == set(Kind)
    for word in chain.from_iterable(wording.keywords for wording in WORDINGS.values()):
        assert word.field.rstrip("0123456789") in KEYWORD_LENGTHS


def test_no_kind_uses_a_field_twice() -> None:
    for wording in WORDINGS.values():
        fields = [word.field for word in wording.keywords]
        assert len(set(fields)) == len(fields)


def test_a_paid_order_is_told_to_the_merchant() -> None:
    assert told(order_event(OrderPaid, merchant_id=MERCHANT)) == [
        ("order.paid", Audience.MERCHANT, MERCHANT)
    ]


@pytest.mark.parametrize(
    ("kind", "extra"),
    [
        (OrderConfirmed, {}),
        (OrderDispatched, {"courier_name": "张师傅"}),
        (OrderDelivered, {"completes_at": NOW}),
    ],
)
def test_what_happens_to_an_order_is_told_to_the_household(kind: type, extra: dict) -> None:
    event = order_event(kind, household_id=HOUSEHOLD, **extra)
    assert told(event) == [(event.name, Audience.HOUSEHOLD, HOUSEHOLD)]


def test_a_completed_order_is_told_to_nobody() -> None:
    assert told(order_event(OrderCompleted)) == []


def test_nobody_is_told_of_a_cancellation_of_their_own_or_of_an_order_never_seen() -> None:
    household = ("order.cancelled", Audience.HOUSEHOLD, HOUSEHOLD)
    merchant = ("sale.cancelled", Audience.MERCHANT, MERCHANT)
    assert told(cancelled(Party.RESIDENT, paid=True)) == [merchant]
    assert told(cancelled(Party.RESIDENT, paid=False)) == []
    assert told(cancelled(Party.MERCHANT, paid=True)) == [household]
    assert told(cancelled(Party.STAFF, paid=True)) == [household, merchant]
    assert told(cancelled(Party.SYSTEM, paid=False)) == [household]


def test_money_is_told_to_who_gets_it() -> None:
    order_id, payer = new_id(), new_id()
    released = EscrowReleased(
        aggregate_id=order_id, merchant_id=MERCHANT, household_id=HOUSEHOLD, amount_fen=3600
    )
    refund = RefundCompleted(
        aggregate_id=new_id(),
        order_id=None,
        payment_id=new_id(),
        household_id=HOUSEHOLD,
        payer_account_id=payer,
        amount_fen=3600,
        to=RefundTo.CHANNEL,
    )
    assert told(released) == [("escrow.released", Audience.MERCHANT, MERCHANT)]
    assert told(refund) == [("refund.completed", Audience.ACCOUNT, payer)]
    assert tidings_of(refund)[0].facts["amount"] == "¥36.00"
    assert link_of(Kind.MONEY_BACK, tidings_of(refund)[0].facts, "http://a/") == "http://a/h5/"


def test_a_new_follower_is_greeted_and_other_wechat_events_are_not_answered() -> None:
    assert told(wechat_event("o1")) == [("greeting", Audience.FOLLOWER, "o1")]
    assert told(wechat_event("o1", "unsubscribe")) == []
    assert told(wechat_event("o1", "click")) == []


def test_a_new_order_reads_as_a_merchant_wants_it() -> None:
    event = order_event(OrderPaid)
    facts = tidings_of(event)[0].facts
    assert lines_of(Kind.NEW_ORDER, facts) == {
        "订单号": "#0317",
        "商品": "豆浆×2 油条×4",
        "金额": "¥36.00",
        "送到": "翠湖苑3号楼2单元501",
    }
    assert link_of(Kind.NEW_ORDER, facts, "http://a") == (
        f"http://a/h5/merchant/orders/{event.aggregate_id}"
    )


def test_a_long_or_empty_fact_still_fits_its_field() -> None:
    assert fitted("thing4", "东" * 21) == "东" * 19 + "…"
    assert fitted("thing4", "东" * 20) == "东" * 20
    assert fitted("thing4", " \n ") == "—"
    assert fitted("thing2", "两\n行") == "两 行"
    for kind in WORDINGS:
        for field, item in fields_of(kind, {}).items():
            assert 0 < len(item["value"]) <= KEYWORD_LENGTHS[field.rstrip("0123456789")]


def test_times_are_shown_in_china() -> None:
    assert shown_time(NOW) == "2026年3月1日 12:00"


def test_the_greeting_leads_home() -> None:
    assert '<a href="http://a/h5/">' in greeting("http://a/h5/")
