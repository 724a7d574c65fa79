"""What is said, to whom, and that WeChat will take it."""

from itertools import chain

import pytest

from services.contracts.cards import CardReturned
from services.contracts.catalog import Fulfilment
from services.contracts.orders import (
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderDelivered,
    OrderDispatched,
    OrderPaid,
    OrderReady,
    OrderReminder,
    OrderTrouble,
    Party,
    RefundTo,
    Step,
)
from services.contracts.settlement import EscrowReleased, OwnerKind, RefundCompleted
from services.contracts.withdrawals import WithdrawalChanged, WithdrawalState
from services.kernel.ids import new_id
from services.marketing.domain.notices import (
    ACTS,
    KEYWORD_LENGTHS,
    TROUBLES,
    WORDINGS,
    Kind,
    fields_of,
    fitted,
    greeting,
    lines_of,
    link_of,
    title_of,
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


def test_cash_on_delivery_is_never_told_as_money_that_is_held() -> None:
    cash = {"household_id": HOUSEHOLD, "paid_by_channel": "delivery"}
    confirmed = order_event(OrderConfirmed, **cash)
    dispatched = order_event(OrderDispatched, courier_name="张师傅", **cash)
    assert [kind for kind, *_ in told(confirmed) + told(dispatched)] == [
        "order.confirmed.cash",
        "order.dispatched.cash",
    ]
    labels = lines_of(Kind.ORDER_CONFIRMED_CASH, {})
    assert "由物业保管" not in labels
    assert "货到付款" in labels


def test_an_order_to_be_fetched_is_told_as_ready_without_its_code() -> None:
    ready = order_event(OrderReady, household_id=HOUSEHOLD, fulfilment=Fulfilment.PICKUP)
    assert told(ready) == [("order.ready", Audience.HOUSEHOLD, HOUSEHOLD)]
    facts = tidings_of(ready)[0].facts
    assert lines_of(Kind.ORDER_READY, facts)["提示"] == "打开订单，出示取货码"
    assert told(order_event(OrderReady, fulfilment=Fulfilment.DELIVERY)) == []


def test_a_new_order_says_how_its_goods_are_handed_over() -> None:
    pickup = order_event(OrderPaid, fulfilment=Fulfilment.PICKUP)
    assert told(pickup)[0][0] == "order.paid.pickup"
    assert lines_of(Kind.NEW_PICKUP, tidings_of(pickup)[0].facts)["交付"] == "到店自取"
    done = order_event(OrderDelivered, fulfilment=Fulfilment.AT_HOME, completes_at=NOW)
    assert told(done)[0][0] == "order.delivered.service"


def test_what_pays_a_difference_rings_nobody() -> None:
    small = {"supplement_of": new_id()}
    assert told(order_event(OrderPaid, **small)) == []
    assert told(order_event(OrderConfirmed, **small)) == []
    assert told(order_event(OrderCancelled, paid=True, **small)) == []


def reminder(to: Party, act: str, **fields: object) -> OrderReminder:
    event: OrderReminder = order_event(
        OrderReminder,
        household_id=HOUSEHOLD,
        merchant_id=MERCHANT,
        to=to,
        act=act,
        deadline_at=NOW,
        **fields,
    )
    return event


def test_whoever_must_act_is_reminded_of_what_and_until_when() -> None:
    event = reminder(Party.MERCHANT, "confirm")
    assert told(event) == [("sale.reminder", Audience.MERCHANT, MERCHANT)]
    facts = tidings_of(event)[0].facts
    assert title_of(Kind.SALE_REMINDER, facts) == "请接单，过时自动取消"
    assert lines_of(Kind.SALE_REMINDER, facts)["时限"] == "3月1日 12:00 前"
    assert link_of(Kind.SALE_REMINDER, facts, "http://a") == (
        f"http://a/h5/merchant/orders/{event.aggregate_id}"
    )
    fetch = reminder(Party.RESIDENT, "hand_over")
    assert told(fetch) == [("order.reminder", Audience.HOUSEHOLD, HOUSEHOLD)]
    assert tidings_of(fetch)[0].facts["page"] == f"/h5/orders/{fetch.aggregate_id}"
    assert told(reminder(Party.STAFF, "confirm")) == []


def test_two_reminders_of_one_order_are_two() -> None:
    order_id = new_id()
    one, other = (reminder(Party.MERCHANT, a, aggregate_id=order_id) for a in ("confirm", "cancel"))
    assert tidings_of(one)[0].key != tidings_of(other)[0].key


def trouble(what: str, *to: Party, **fields: object) -> OrderTrouble:
    event: OrderTrouble = order_event(
        OrderTrouble,
        household_id=HOUSEHOLD,
        merchant_id=MERCHANT,
        to=list(to),
        what=what,
        **fields,
    )
    return event


def test_what_is_open_on_an_order_is_told_to_the_sides_that_it_names() -> None:
    resident = ("order.trouble", Audience.HOUSEHOLD, HOUSEHOLD)
    merchant = ("sale.trouble", Audience.MERCHANT, MERCHANT)
    assert told(trouble("dispute_ruled", Party.RESIDENT, Party.MERCHANT)) == [resident, merchant]
    assert told(trouble("case_opened", Party.MERCHANT)) == [merchant]
    assert told(trouble("mediator_called", Party.STAFF)) == []


def test_a_trouble_is_titled_by_its_step_and_leads_to_where_it_is_answered() -> None:
    words = "商家想改单：豆浆×2 → 豆浆×3，¥6.00 → ¥9.00"
    event = trouble("amendment_proposed", Party.RESIDENT, words=words, deadline_at=NOW)
    facts = tidings_of(event)[0].facts
    assert title_of(Kind.ORDER_TROUBLE, facts) == "商家想改单，请您决定"
    assert lines_of(Kind.ORDER_TROUBLE, facts)["说明"] == words
    assert link_of(Kind.ORDER_TROUBLE, facts, "http://a") == (
        f"http://a/h5/orders/{event.aggregate_id}/amendment"
    )
    unknown = tidings_of(trouble("of_tomorrow", Party.MERCHANT))[0].facts
    assert title_of(Kind.SALE_TROUBLE, unknown) == "订单有新进展"
    assert unknown["page"] == f"/h5/merchant/orders/{unknown['order_id']}"


def test_the_same_step_of_an_order_twice_is_told_twice() -> None:
    order_id = new_id()
    first, second = (
        tidings_of(trouble("said", Party.MERCHANT, aggregate_id=order_id, version=v, words="在吗"))
        for v in (3, 5)
    )
    assert first[0].key != second[0].key


def test_titles_are_of_steps_that_there_are_and_fit_their_field() -> None:
    assert set(TROUBLES) <= set(Step)
    for title in (*TROUBLES.values(), *ACTS.values()):
        assert fitted("thing2", title) == title


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


def test_a_sold_card_is_told_as_what_it_is_and_not_as_money_that_arrived() -> None:
    sold = order_event(OrderPaid, merchant_id=MERCHANT, sells_card=True)
    assert told(sold) == [("card.sold", Audience.MERCHANT, MERCHANT)]
    kept = EscrowReleased(
        aggregate_id=new_id(), merchant_id=MERCHANT, household_id=HOUSEHOLD, amount_fen=0
    )
    assert told(kept) == []


def test_a_returned_card_is_told_to_its_household() -> None:
    returned = CardReturned(
        aggregate_id=new_id(),
        merchant_id=MERCHANT,
        household_id=HOUSEHOLD,
        card_name="会员卡 充300送30",
        amount_fen=15_000,
    )
    assert told(returned) == [("card.returned", Audience.HOUSEHOLD, HOUSEHOLD)]
    facts = tidings_of(returned)[0].facts
    assert (facts["card"], facts["amount"]) == ("会员卡 充300送30", "¥150.00")


def withdrawal(state: WithdrawalState, owner_kind: OwnerKind, note: str = "") -> WithdrawalChanged:
    return WithdrawalChanged(
        aggregate_id=new_id(),
        owner_kind=owner_kind,
        owner_id=HOUSEHOLD,
        asked_by_account_id=MERCHANT,
        amount_fen=3600,
        state=state,
        note=note,
    )


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (WithdrawalState.AWAITING_PAYEE, Kind.WITHDRAWAL_WAITS),
        (WithdrawalState.DONE, Kind.WITHDRAWAL_PAID),
        (WithdrawalState.FAILED, Kind.WITHDRAWAL_BACK),
        (WithdrawalState.EXPIRED, Kind.WITHDRAWAL_BACK),
        (WithdrawalState.REJECTED, Kind.WITHDRAWAL_BACK),
    ],
)
def test_a_withdrawal_is_told_to_who_asked_for_it(state: WithdrawalState, kind: Kind) -> None:
    assert told(withdrawal(state, OwnerKind.HOUSEHOLD)) == [(kind, Audience.ACCOUNT, MERCHANT)]


def test_nobody_is_told_that_they_took_a_withdrawal_back() -> None:
    assert told(withdrawal(WithdrawalState.CANCELLED, OwnerKind.HOUSEHOLD)) == []


def test_a_withdrawal_that_came_back_says_why_and_leads_to_its_owners_page() -> None:
    event = withdrawal(WithdrawalState.FAILED, OwnerKind.MERCHANT, "收款人没有实名认证")
    facts = tidings_of(event)[0].facts
    assert lines_of(Kind.WITHDRAWAL_BACK, facts) == {
        "退回金额": "¥36.00",
        "退到": "商家资金账户",
        "原因": "收款人没有实名认证",
    }
    merchants = f"http://a/h5/merchant/withdrawals/{event.aggregate_id}"
    assert link_of(Kind.WITHDRAWAL_BACK, facts, "http://a") == merchants
    household = tidings_of(withdrawal(WithdrawalState.DONE, OwnerKind.HOUSEHOLD))[0].facts
    assert link_of(Kind.WITHDRAWAL_PAID, household, "http://a/").startswith("http://a/h5/withd")


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
