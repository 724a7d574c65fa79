"""What orders asks settlement for in after-sales and quarrels, and cash at doors, in tests."""

import threading
from collections.abc import Callable
from datetime import datetime

from services.contracts.delivery import DropDelivered
from services.contracts.orders import RefundTo
from services.contracts.permissions import Role
from services.contracts.settlement import (
    FreezeOrder,
    FrozenView,
    HandInCash,
    OrderMoneyView,
    OwnerKind,
    PaymentState,
    PaymentView,
    PayWay,
    RefundOrder,
    RuleOrder,
    ThawOrder,
)
from services.kernel.entrypoints import rerun_on_conflict
from services.kernel.ids import new_id
from services.settlement.use_cases import cash, dispute
from services.settlement.use_cases.collect_cash import collect
from services.settlement.use_cases.open_payment import open_payment
from services.settlement.use_cases.refund_order import refund_order
from services.settlement.use_cases.see_money import order_money
from tests.support.settlement import Books, open_command
from tests.support.settlement_channel import NOW
from tests.support.withdrawals import staff

MEDIATOR = "李调解"


def order_of(payment: PaymentView) -> str:
    """The id of its first order."""
    return payment.allocations[0].order_id


def agreed(payment: PaymentView, amount_fen: int, to: RefundTo = RefundTo.CHANNEL) -> RefundOrder:
    """The wish that so much of its first order goes back."""
    return RefundOrder(
        request_id=new_id(),
        order_id=order_of(payment),
        amount_fen=amount_fen,
        to=to,
        reason="改单：少两根油条",
        by_name="王小明",
    )


def give_back(
    books: Books, payment: PaymentView, amount_fen: int, to: RefundTo = RefundTo.CHANNEL
) -> OrderMoneyView:
    """So much goes back, as the two have agreed."""
    return refund_order(books.db, agreed(payment, amount_fen, to), books.now)


def freeze(books: Books, payment: PaymentView) -> FrozenView:
    """A quarrel begins."""
    command = FreezeOrder(
        request_id=new_id(), order_id=order_of(payment), reason="送错了东西", by_name=MEDIATOR
    )
    return dispute.freeze_order(books.db, command, books.now)


def thaw(books: Books, payment: PaymentView) -> OrderMoneyView:
    """The quarrel is taken back."""
    command = ThawOrder(
        request_id=new_id(), order_id=order_of(payment), reason="说清楚了", by_name=MEDIATOR
    )
    return dispute.thaw_order(books.db, command, books.terms)


def rule(
    books: Books, payment: PaymentView, to_resident_fen: int, to: RefundTo = RefundTo.FUND
) -> OrderMoneyView:
    """So much for the resident, the rest for the merchant."""
    command = RuleOrder(
        request_id=new_id(),
        order_id=order_of(payment),
        to_resident_fen=to_resident_fen,
        to=to,
        reason="各担一半",
        by_name=MEDIATOR,
    )
    return dispute.rule_order(books.db, command, books.terms)


def money_of(books: Books, payment: PaymentView) -> OrderMoneyView:
    """The money of its first order."""
    with books.db.reading() as tx:
        return order_money(tx, order_of(payment))


def household_fen(books: Books, payment: PaymentView) -> int:
    """What is on the payer's household's fund."""
    return books.fund_of(OwnerKind.HOUSEHOLD, payment.household_id)


def merchant_fen(books: Books, payment: PaymentView) -> int:
    """What is on the fund of its first order's merchant."""
    return books.fund_of(OwnerKind.MERCHANT, payment.allocations[0].merchant_id)


def with_fund(books: Books, fund_fen: int, *amounts_fen: int) -> PaymentView:
    """An open payment of a household that has so much on its fund."""
    first = books.paid(fund_fen)
    books.cancel(first, to=RefundTo.FUND)
    command = open_command(*amounts_fen, household_id=first.household_id)
    return open_payment(books.db, command, NOW)


def paid_in_parts(books: Books, fund_fen: int, amount_fen: int) -> PaymentView:
    """An order of which so much was paid from the fund, and the rest through the channel."""
    payment = with_fund(books, fund_fen, amount_fen)
    number = books.number_of(books.pay(payment, fund_fen=fund_fen))
    books.channel.is_paid(number)
    books.notify(number)
    return payment


# cash at doors


def cash_order(books: Books, amount_fen: int = 1500) -> PaymentView:
    """To be paid at the door."""
    payment = books.open(amount_fen)
    assert books.pay(payment, way=PayWay.ON_DELIVERY).state is PaymentState.PAID
    return payment


def is_brought(
    books: Books, payment: PaymentView, courier_id: str, at: datetime | None = None
) -> None:
    """`drop.delivered` arrives; the courier was at the door `at`."""
    event = DropDelivered(
        aggregate_id=new_id(),
        order_id=order_of(payment),
        courier_id=courier_id,
        courier_name="张师傅",
        at=at or books.now,
    )
    with books.db.transaction() as tx:
        collect(tx, event, books.now)


def hand_in(books: Books, payment: PaymentView, amount_fen: int) -> None:
    """Its cash is brought to the desk."""
    command = HandInCash(request_id=new_id(), order_ids=[order_of(payment)], amount_fen=amount_fen)
    cash.hand_in(books.db, command, staff(Role.CASHIER), books.terms)


# at once


def together(*acts: Callable[[], object]) -> list[object]:
    """What the acts gave that were begun at the same moment, as the entrypoint runs them."""
    start, outcomes = threading.Barrier(len(acts)), list[object]()

    def run(act: Callable[[], object]) -> None:
        start.wait()
        outcomes.append(rerun_on_conflict("test", act))

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == len(acts)
    return outcomes
