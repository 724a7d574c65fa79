"""The audit: what is broken by hand in the database is found, and named."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from services.contracts.orders import OrderAmount, OrderAmountsQuery, OrderState, RefundTo
from services.contracts.settlement import AuditQuery, MatchOrders, PaymentView, RefundState
from services.kernel.ids import new_id
from services.kernel.wire import Page
from services.settlement import ledger
from services.settlement.audit import match_orders, prove_books
from services.settlement.audit.__main__ import prove_all
from services.settlement.use_cases.settle_refund import run_refunds
from tests.support.settlement import NOW, Books
from tests.support.settlement_orders import cash_order, freeze, give_back, rule

pytestmark = pytest.mark.database


@pytest.fixture
def lived(books: Books) -> Books:
    """Books with an order released, one refunded, one held, and money that came twice."""
    books.channel.refund_state = RefundState.DONE
    payment = books.paid(700, 800, 900)
    books.complete(payment)
    books.cancel(payment, 1)
    twice = books.open(50)
    for number in (books.pays(twice), books.pays(twice, "oHkLxt-another")):
        books.notify(number)
    run_refunds(books.db, books.channels, 3, NOW)
    with books.db.transaction() as tx:
        ledger.take_checkpoints(tx, NOW + timedelta(hours=1))
    books.assert_proved()
    return books


@pytest.mark.parametrize(
    ("tampering", "found_by"),
    [
        ("UPDATE entry SET amount_fen = amount_fen + 1 ORDER BY entry_id LIMIT 1", "transfers"),
        ("DELETE FROM entry ORDER BY entry_id DESC LIMIT 1", "transfers"),
        ("DELETE FROM transfer WHERE kind = 'release'", "entries"),
        ("DELETE FROM account WHERE kind = 'clearing'", "entries"),
        (
            "UPDATE account SET balance_fen = balance_fen + 1 WHERE kind = 'merchant_fund'",
            "balances",
        ),
        ("UPDATE checkpoint SET balance_fen = balance_fen + 1", "checkpoints"),
        ("UPDATE entry SET amount_fen = -amount_fen", "signs"),
        ("UPDATE escrow SET state = 'released' WHERE state = 'held'", "escrow"),
        ("UPDATE escrow SET state = 'held' WHERE state = 'released'", "escrow"),
        ("UPDATE allocation SET amount_fen = amount_fen + 1 LIMIT 1", "allocations"),
        ("UPDATE payment SET state = 'open'", "receipts"),
        ("UPDATE escrow SET settled_money_fen = 1 WHERE state = 'released'", "once"),
        ("UPDATE escrow SET back_channel_fen = 1 WHERE state = 'released'", "returned"),
        ("UPDATE escrow SET fund_fen = fund_fen + 1", "parts"),
        ("DELETE FROM escrow WHERE state = 'held'", "receipts"),
        ("DELETE FROM refund WHERE order_id IS NULL", "unclaimed"),
        ("UPDATE refund SET state = 'processing'", "refunds"),
        ("UPDATE refund SET state = 'failed'", "payouts"),
        ("DELETE FROM transfer WHERE kind = 'receipt'", "bill.wechat"),
        ("UPDATE channel_order SET out_trade_no = CONCAT('X', out_trade_no)", "bill.wechat"),
    ],
)
def test_tampering_is_found(lived: Books, tampering: str, found_by: str) -> None:
    with lived.db.transaction() as tx:
        tx.execute(text(tampering))
    view = prove_books(lived.db, lived.channels, 2, NOW)
    assert view.proved is False
    failing = {proof.name: proof.differences for proof in view.proofs if not proof.holds}
    assert failing[found_by]


def test_the_trial_balance_sums_to_zero(lived: Books) -> None:
    balance = prove_books(lived.db, lived.channels, 0, NOW).trial_balance
    assert sum(balance.values()) == 0
    assert balance["merchant_fund"] == 700
    assert balance["escrow"] == 950
    assert balance["clearing"] == -1650


# ledger = orders


def belief(payment: PaymentView, index: int, state: OrderState, **changes: Any) -> OrderAmount:
    part = payment.allocations[index]
    values = {
        "order_id": part.order_id,
        "payment_id": payment.payment_id,
        "merchant_id": part.merchant_id,
        "state": state,
        "amount_fen": part.amount_fen,
        "paid": True,
        "refunded": False,
        "settled": False,
    }
    return OrderAmount.model_validate(values | changes)


def differences(books: Books, *beliefs: OrderAmount) -> list[str]:
    return match_orders(books.db, MatchOrders(orders=list(beliefs))).differences


def test_beliefs_that_fit_leave_no_difference(books: Books) -> None:
    payment = books.paid(700, 800, 900)
    books.complete(payment)
    books.cancel(payment, 1, RefundTo.FUND)
    unpaid = books.open(50)
    never_opened = unpaid.model_copy(
        update={"allocations": [unpaid.allocations[0].model_copy(update={"order_id": new_id()})]}
    )
    beliefs = [
        belief(payment, 0, OrderState.COMPLETED, settled=True),
        belief(payment, 1, OrderState.CANCELLED, refunded=True, refunded_fen=800),
        belief(payment, 2, OrderState.PREPARING),
        belief(unpaid, 0, OrderState.AWAITING_PAYMENT, paid=False),
        belief(never_opened, 0, OrderState.CANCELLED, paid=False),
    ]
    assert differences(books, *beliefs) == []
    assert match_orders(books.db, MatchOrders(orders=beliefs)).checked == 3


def test_beliefs_about_quarrels_and_agreed_refunds_leave_no_difference(books: Books) -> None:
    ruled, frozen, gone = books.paid(700), books.paid(800), books.paid(900)
    books.complete(frozen)
    for payment in (ruled, frozen):
        freeze(books, payment)
    rule(books, ruled, 300)
    give_back(books, gone, 900, RefundTo.FUND)
    at_door = cash_order(books)
    books.complete(at_door)
    back = {"refunded": True, "refunded_fen": 900}
    beliefs = [
        belief(ruled, 0, OrderState.DELIVERED, settled=True, refunded_fen=300),
        belief(frozen, 0, OrderState.COMPLETED, settled=True),
        belief(gone, 0, OrderState.COMPLETED, **back),
        belief(at_door, 0, OrderState.COMPLETED),
    ]
    assert differences(books, *beliefs) == []
    assert differences(books, belief(gone, 0, OrderState.CANCELLED, **back)) == []
    assert differences(books, belief(at_door, 0, OrderState.PREPARING)) == []
    assert differences(books, belief(frozen, 0, OrderState.CANCELLED, settled=True)) != []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"amount_fen": 701}, "amount"),
        ({"merchant_id": new_id()}, "merchant"),
        ({"payment_id": new_id()}, "payment"),
        ({"paid": False}, "paid"),
        ({"settled": True}, "settled"),
        ({"refunded": True}, "refunded"),
        ({"refunded_fen": 1}, "given back"),
        ({"state": OrderState.COMPLETED}, "escrow of an order that is completed"),
        ({"state": OrderState.CANCELLED}, "escrow of an order that is cancelled"),
        ({"order_id": new_id()}, "the ledger knows nothing of it"),
    ],
)
def test_a_belief_that_does_not_fit_is_named(
    books: Books, changes: dict[str, Any], named: str
) -> None:
    wrong = belief(books.paid(700), 0, **({"state": OrderState.PREPARING} | changes))
    found = differences(books, wrong)
    assert any(named in difference for difference in found), found


# the command


class Installation:
    """Settlement's and orders' answers, as a client gets them."""

    def __init__(self, books: Books, beliefs: list[OrderAmount]) -> None:
        self._books, self._beliefs = books, beliefs
        self.settlement = SimpleNamespace(audit=self._audit, match_orders=self._match)
        self.orders = SimpleNamespace(order_amounts=self._order_amounts)

    def _audit(self, query: AuditQuery, **how: Any) -> Any:
        assert how["actor_token"]
        return prove_books(self._books.db, self._books.channels, 2, NOW)

    def _match(self, query: MatchOrders, **how: Any) -> Any:
        return match_orders(self._books.db, query)

    def _order_amounts(self, query: OrderAmountsQuery, **how: Any) -> Any:
        index = int(query.after or 0)
        after = str(index + 1) if index + 1 < len(self._beliefs) else None
        return Page[OrderAmount](items=self._beliefs[index : index + 1], next_after=after)


@pytest.fixture(scope="module")
def signing_key() -> str:
    return (
        Ed25519PrivateKey.generate()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def test_the_command_pages_through_orders(books: Books, signing_key: str) -> None:
    payment = books.paid(700, 800)
    beliefs = [belief(payment, index, OrderState.PREPARING) for index in (0, 1)]
    view = prove_all(Installation(books, beliefs), signing_key)  # type: ignore[arg-type]
    assert view.proved
    assert (view.proofs[-1].name, view.proofs[-1].checked) == ("orders", 2)


def test_the_command_misses_orders_that_orders_does_not_know(
    books: Books, signing_key: str
) -> None:
    payment = books.paid(700, 800)
    known = [belief(payment, 0, OrderState.PREPARING)]
    view = prove_all(Installation(books, known), signing_key)  # type: ignore[arg-type]
    assert view.proved is False
    assert view.proofs[-1].differences == ["1 orders with money are unknown to orders"]
