"""Part refunds, quarrels and rulings, before and after settlement; commission and discounts."""

from datetime import date

import pytest
from sqlalchemy import insert

from services.contracts.orders import RefundTo
from services.contracts.permissions import Permission
from services.contracts.settlement import (
    Allocation,
    AlreadyResolved,
    DeskMethod,
    EscrowState,
    FreezeOrder,
    FrozenView,
    NoSuchPayment,
    NotYourOrderMoney,
    OrderMoneyView,
    OwnerKind,
    PaymentView,
    RedirectRefund,
    RefundOrderPart,
    RefundsQuery,
    RefundState,
    RetryRefund,
    RuleOrder,
    TakeAtDesk,
    TakeDeposit,
    TooMuch,
)
from services.kernel.actor import Actor
from services.kernel.errors import NotFound
from services.kernel.ids import new_id
from services.settlement import holds, queries
from services.settlement.domain import accounts
from services.settlement.domain.holds import Hold
from services.settlement.tables_desk import CommissionRuleRow
from services.settlement.use_cases import desk, dispute, mend_refund
from services.settlement.use_cases.open_payment import open_payment
from services.settlement.use_cases.refund_order import refund_part
from services.settlement.use_cases.see_money import see_refunds
from services.settlement.use_cases.settle_refund import run_refunds
from tests.support.settlement import COMMUNITY, NOW, Books, open_command

STAFF = Actor(
    account_id=new_id(), name="李调解", permissions=frozenset(Permission), communities=(COMMUNITY,)
)


def part(
    books: Books, payment: PaymentView, amount_fen: int, to: RefundTo = RefundTo.FUND
) -> OrderMoneyView:
    command = RefundOrderPart(
        request_id=new_id(),
        order_id=order(payment),
        amount_fen=amount_fen,
        to=to,
        reason="少了一份",
    )
    return refund_part(books.db, command, STAFF, books.now)


def freeze(books: Books, payment: PaymentView) -> FrozenView:
    command = FreezeOrder(request_id=new_id(), order_id=order(payment), reason="送错了东西")
    return dispute.freeze_order(books.db, command, books.now)


def rule(books: Books, payment: PaymentView, to_resident_fen: int) -> OrderMoneyView:
    command = RuleOrder(
        request_id=new_id(),
        order_id=order(payment),
        to_resident_fen=to_resident_fen,
        to=RefundTo.FUND,
        reason="各担一半",
    )
    return dispute.rule_order(books.db, command, books.terms)


def order(payment: PaymentView) -> str:
    return payment.allocations[0].order_id


def merchant(payment: PaymentView) -> str:
    return payment.allocations[0].merchant_id


def household_fen(books: Books, payment: PaymentView) -> int:
    return books.fund_of(OwnerKind.HOUSEHOLD, payment.household_id)


def merchant_fen(books: Books, payment: PaymentView) -> int:
    return books.fund_of(OwnerKind.MERCHANT, merchant(payment))


def put_rule(books: Books, rate_bp: int, merchant_id: str = "", category: str = "") -> None:
    rule_row = {
        "rule_id": new_id(),
        "merchant_id": merchant_id,
        "category": category,
        "rate_bp": rate_bp,
        "from_day": date(2026, 1, 1),
        "until_day": None,
        "made_by_account_id": new_id(),
        "made_by": "",
        "made_at": NOW,
    }
    with books.db.transaction() as tx:
        tx.execute(insert(CommissionRuleRow), rule_row)


def paid_with(books: Books, **allocation: object) -> PaymentView:
    values = {"order_id": new_id(), "merchant_id": new_id(), "amount_fen": 1000, **allocation}
    parts = [Allocation.model_validate(values)]
    payment = open_payment(books.db, open_command(allocations=parts), NOW)
    books.notify(books.pays(payment))
    return payment


def test_parts_go_back_up_to_what_was_paid_and_not_a_fen_more(books: Books) -> None:
    payment = books.paid(1000)
    assert part(books, payment, 300).refundable_fen == 700
    assert part(books, payment, 600).refundable_fen == 100
    with pytest.raises(TooMuch) as refusal:
        part(books, payment, 101)
    assert refusal.value.fields == {"left_fen": "100"}
    assert part(books, payment, 100).state is EscrowState.REFUNDED
    assert household_fen(books, payment) == 1000
    books.assert_proved()


def test_what_is_left_after_a_part_refund_is_released(books: Books) -> None:
    payment = books.paid(1000)
    part(books, payment, 300, RefundTo.CHANNEL)
    books.complete(payment)
    run_refunds(books.db, books.channels, 12, books.now)
    assert merchant_fen(books, payment) == 700
    books.assert_proved()


def test_a_part_after_settlement_is_taken_back_with_its_share_of_the_commission(
    books: Books,
) -> None:
    put_rule(books, 500)
    payment = books.paid(1000)
    books.complete(payment)
    assert merchant_fen(books, payment) == 950
    part(books, payment, 400)
    assert merchant_fen(books, payment) == 570
    assert books.balance(accounts.COMMISSION) == 30
    assert household_fen(books, payment) == 400
    books.assert_proved()


@pytest.mark.parametrize(
    ("rules", "rate_bp"),
    [
        ([(100, False, False)], 100),
        ([(100, False, False), (200, False, True)], 200),
        ([(100, False, False), (200, False, True), (300, True, False)], 300),
        ([(200, False, True)], 200),
        ([], 0),
    ],
)
def test_the_merchants_rule_beats_the_categorys_which_beats_the_general_one(
    books: Books, rules: list[tuple[int, bool, bool]], rate_bp: int
) -> None:
    merchant_id = new_id()
    put_rule(books, 2900, merchant_id=new_id())
    for rate, own, by_category in rules:
        put_rule(books, rate, merchant_id if own else "", "food" if by_category else "")
    payment = paid_with(books, merchant_id=merchant_id, category="food")
    books.complete(payment)
    assert merchant_fen(books, payment) == 1000 - 1000 * rate_bp // 10_000
    books.assert_proved()


def test_a_discount_of_the_property_reaches_the_merchant_and_goes_with_the_refund(
    books: Books,
) -> None:
    payment = paid_with(books, amount_fen=800, subsidy_fen=200)
    books.complete(payment)
    assert merchant_fen(books, payment) == 1000
    part(books, payment, 400)
    assert merchant_fen(books, payment) == 500
    assert books.balance(accounts.PROMOTION_COST) == -100
    books.assert_proved()


# quarrels


def test_frozen_money_waits_for_the_ruling_even_when_the_order_completes(books: Books) -> None:
    payment = books.paid(1000)
    assert freeze(books, payment).frozen_fen == 1000
    books.complete(payment)
    assert merchant_fen(books, payment) == 0
    rule(books, payment, 400)
    assert (household_fen(books, payment), merchant_fen(books, payment)) == (400, 600)
    with pytest.raises(AlreadyResolved):
        rule(books, payment, 100)
    books.assert_proved()


def test_after_settlement_the_money_comes_from_fund_then_deposit_and_the_rest_is_owed(
    books: Books,
) -> None:
    payment = books.paid(1000)
    books.complete(payment)
    spend_merchant_fund(books, payment, 700)
    command = TakeDeposit(
        request_id=new_id(),
        merchant_id=merchant(payment),
        amount_fen=200,
        method=DeskMethod.CASH,
    )
    desk.take_deposit(books.db, command, STAFF, NOW)
    view = freeze(books, payment)
    assert (view.frozen_fen, view.taken_back_fen, view.owed_fen) == (1000, 500, 500)
    books.assert_proved()
    rule(books, payment, 1000)
    assert household_fen(books, payment) == 1000
    assert books.balance(accounts.merchant_receivable(merchant(payment))) == -500
    books.assert_proved()


def spend_merchant_fund(books: Books, payment: PaymentView, amount_fen: int) -> None:
    """The merchant's money is set aside for something else."""
    with books.db.transaction() as tx:
        source = accounts.merchant_fund(merchant(payment))
        holds.place(tx, Hold(new_id(), source, amount_fen, "test"), NOW)


def test_later_income_pays_the_debt_first(books: Books) -> None:
    payment = books.paid(1000)
    books.complete(payment)
    spend_merchant_fund(books, payment, 1000)
    freeze(books, payment)
    rule(books, payment, 1000)
    later = paid_with(books, merchant_id=merchant(payment), amount_fen=1500)
    books.complete(later)
    assert merchant_fen(books, later) == 500
    assert books.balance(accounts.merchant_receivable(merchant(payment))) == 0
    books.assert_proved()


def test_a_ruling_for_the_merchant_settles_a_second_time(books: Books) -> None:
    payment = books.paid(1000)
    books.complete(payment)
    freeze(books, payment)
    assert merchant_fen(books, payment) == 0
    assert rule(books, payment, 0).state is EscrowState.RELEASED
    assert merchant_fen(books, payment) == 1000
    freeze(books, payment)
    assert rule(books, payment, 1000).state is EscrowState.REFUNDED
    books.assert_proved()


def test_the_same_request_rules_once(books: Books) -> None:
    payment = books.paid(1000)
    freeze(books, payment)
    command = RuleOrder(
        request_id=new_id(), order_id=order(payment), to_resident_fen=500, reason="各一半"
    )
    first = dispute.rule_order(books.db, command, books.terms)
    assert dispute.rule_order(books.db, command, books.terms) == first


# failed refunds


def failed_refund(books: Books) -> tuple[PaymentView, str]:
    payment = books.paid(1000)
    books.cancel(payment)
    books.channel.refund_state = RefundState.FAILED
    run_refunds(books.db, books.channels, 1, books.now)
    with books.db.reading() as tx:
        (refund,) = queries.refunds_of(tx, order(payment))
    assert refund.state == RefundState.FAILED
    return payment, refund.refund_id


def test_a_failed_refund_is_redirected_to_the_fund_once(books: Books) -> None:
    payment, refund_id = failed_refund(books)
    command = RedirectRefund(request_id=new_id(), refund_id=refund_id, reason="银行卡已注销")
    view = mend_refund.redirect_refund(books.db, books.channels, command, STAFF, NOW)
    assert (view.state, view.to) == (RefundState.DONE, RefundTo.FUND)
    again = command.model_copy(update={"request_id": new_id()})
    with pytest.raises(AlreadyResolved):
        mend_refund.redirect_refund(books.db, books.channels, again, STAFF, NOW)
    assert household_fen(books, payment) == 1000
    books.assert_proved(bill_days=0)


def test_a_refund_that_the_channel_paid_after_all_is_not_redirected(books: Books) -> None:
    payment, refund_id = failed_refund(books)
    books.channel.ends_refund(refund_id)
    command = RedirectRefund(request_id=new_id(), refund_id=refund_id, reason="银行卡已注销")
    with pytest.raises(AlreadyResolved) as refusal:
        mend_refund.redirect_refund(books.db, books.channels, command, STAFF, NOW)
    assert refusal.value.fields == {"state": RefundState.DONE}
    assert household_fen(books, payment) == 0
    books.assert_proved()


def test_a_failed_refund_is_sent_again(books: Books) -> None:
    _, refund_id = failed_refund(books)
    books.channel.refunds.clear()
    books.channel.refund_state = RefundState.DONE
    command = RetryRefund(request_id=new_id(), refund_id=refund_id)
    assert mend_refund.retry_refund(books.db, command, STAFF, NOW).state is RefundState.PENDING
    run_refunds(books.db, books.channels, 12, books.now)
    books.assert_proved()


# other communities' staff


def test_staff_of_another_community_find_nothing_to_act_on(books: Books) -> None:
    stranger = STAFF.model_copy(update={"communities": (new_id(),)})
    payment = books.paid(1000)
    refund = RefundOrderPart(
        request_id=new_id(), order_id=order(payment), amount_fen=1, reason="不是我的小区"
    )
    with pytest.raises(NotYourOrderMoney):
        refund_part(books.db, refund, stranger, books.now)
    open_one = books.open(500)
    taking = TakeAtDesk(request_id=new_id(), payment_id=open_one.payment_id, method=DeskMethod.CASH)
    with pytest.raises(NoSuchPayment):
        desk.take_at_desk(books.db, taking, stranger, books.now)
    books.assert_proved()


def test_lists_of_refunds_end_at_the_community(books: Books) -> None:
    payment = books.paid(1000)
    books.cancel(payment)
    stranger = STAFF.model_copy(update={"communities": (new_id(),)})
    assert len(see_refunds(books.db, RefundsQuery(), STAFF).items) == 1
    assert see_refunds(books.db, RefundsQuery(), stranger).items == []
    _, refund_id = failed_refund(books)
    again = RetryRefund(request_id=new_id(), refund_id=refund_id)
    with pytest.raises(NotFound):
        mend_refund.retry_refund(books.db, again, stranger, NOW)
