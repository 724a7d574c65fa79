"""What people see of money: funds, statements, an order as a flow, the figures of the day."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from services.contracts.settlement import (
    EscrowState,
    FundQuery,
    NotYourFund,
    OrderMoneyQuery,
    OwnerKind,
)
from services.kernel.errors import NotFound
from services.kernel.ids import new_id
from services.settlement.tables import EscrowRow
from services.settlement.use_cases.see_money import count_money, see_fund, see_order_money
from tests.support.settlement import (
    NOW,
    Books,
    cashier,
    member_of,
    shopkeeper_of,
)

pytestmark = pytest.mark.database


# shown


def test_a_statement_pages_with_a_running_balance(books: Books) -> None:
    payment = books.paid(100, 200, 300)
    merchant_id = new_id()
    with books.db.transaction() as tx:
        tx.execute(update(EscrowRow).values(merchant_id=merchant_id))
    for index in range(3):
        books.complete(payment, index)
    shopkeeper = shopkeeper_of(merchant_id)
    query = FundQuery(owner_kind=OwnerKind.MERCHANT, owner_id=merchant_id, limit=2)
    page = see_fund(books.db, query, shopkeeper, NOW)
    assert (page.balance_fen, page.today_in_fen, page.in_escrow_fen) == (600, 600, 0)
    assert [line.balance_fen for line in page.lines] == [600, 300]
    rest = see_fund(books.db, query.model_copy(update={"after": page.next_after}), shopkeeper, NOW)
    assert [(line.amount_fen, line.balance_fen) for line in rest.lines] == [(100, 100)]
    assert rest.next_after is None


def test_a_merchant_sees_what_is_held_for_it(books: Books) -> None:
    payment = books.paid(700)
    merchant_id = payment.allocations[0].merchant_id
    query = FundQuery(owner_kind=OwnerKind.MERCHANT, owner_id=merchant_id)
    fund = see_fund(books.db, query, shopkeeper_of(merchant_id), NOW)
    assert (fund.balance_fen, fund.in_escrow_fen, fund.lines) == (0, 700, [])


def test_a_fund_is_shown_to_its_people_and_to_staff_only(books: Books) -> None:
    household_id = new_id()
    query = FundQuery(owner_kind=OwnerKind.HOUSEHOLD, owner_id=household_id)
    for actor in (member_of(household_id), cashier()):
        assert see_fund(books.db, query, actor, NOW).balance_fen == 0
    for stranger in (member_of(new_id()), shopkeeper_of(household_id)):
        with pytest.raises(NotYourFund):
            see_fund(books.db, query, stranger, NOW)


def test_the_money_of_an_order_is_a_flow(books: Books) -> None:
    payment = books.paid(700, 800)
    books.complete(payment)
    part = payment.allocations[0]
    query = OrderMoneyQuery(order_id=part.order_id)
    for actor in (member_of(payment.household_id), shopkeeper_of(part.merchant_id), cashier()):
        view = see_order_money(books.db, query, actor)
        assert view.state is EscrowState.RELEASED
        assert view.held_fen == 0
        assert [(s.from_account, s.to_account, s.amount_fen) for s in view.steps] == [
            ("clearing", "escrow", 700),
            ("escrow", "merchant_fund", 700),
        ]
    for stranger in (member_of(new_id()), shopkeeper_of(payment.allocations[1].merchant_id)):
        with pytest.raises(NotFound):
            see_order_money(books.db, query, stranger)


def test_the_figures_of_the_day_add_up(books: Books) -> None:
    payment = books.paid(700, 800)
    books.complete(payment)
    books.cancel(payment, 1)
    books.paid(50)
    counts = count_money(books.db, NOW)
    assert (counts.escrow_fen, counts.merchant_funds_fen) == (50, 700)
    assert (counts.paid_today_fen, counts.paid_today_count) == (1550, 2)
    assert (counts.settled_today_fen, counts.refunds_pending) == (700, 1)
    assert count_money(books.db, NOW + timedelta(days=1)).paid_today_count == 0
