"""Paid without a channel: from fund and card alone, or by a promise to pay cash at the door."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, update

from services.contracts.settlement import CashState, Channel, PaymentState
from services.kernel.db import Tx
from services.settlement import queries
from services.settlement.domain import accounts
from services.settlement.domain.parts import by_order
from services.settlement.domain.postings import Source, Till
from services.settlement.tables import PaymentRow
from services.settlement.tables_desk import CashRow
from services.settlement.use_cases.ask_channel import ask_soon
from services.settlement.use_cases.cover_payment import Rest
from services.settlement.use_cases.hold_money import Arrived, hold

INTERNAL = Till(Channel.INTERNAL, "linli")
DOOR = Till(Channel.DELIVERY, "cash")

_PAID = (
    update(PaymentRow)
    .where(PaymentRow.payment_id == bindparam("payment"))
    .values(
        state=PaymentState.PAID,
        channel=bindparam("through"),
        out_trade_no=bindparam("payment"),
        paid_at=bindparam("at"),
        fund_fen=bindparam("fund"),
        card_id=bindparam("card"),
        card_fen=bindparam("card_money"),
        gift_fen=bindparam("gift"),
        cover_count=bindparam("turn"),
    )
)
_INSERT_CASH = insert(CashRow)


def take(tx: Tx, payment: Row[Any], rest: Rest, now: datetime) -> None:
    """The whole amount is set aside already: it becomes the orders' now."""
    _pay(tx, payment, rest, INTERNAL, now)


def promise(tx: Tx, payment: Row[Any], rest: Rest, now: datetime) -> None:
    """Cash on delivery: what is held is backed by what is due at the door, until it is collected.

    A channel order that is still open is closed by the next poll, since the payment is over.
    """
    orders = queries.allocations(tx, payment.payment_id)
    merchant = queries.card_merchant(tx, rest.cover.card_id)
    parts = by_order(orders, rest.cover, merchant)
    rows = [
        {
            "order_id": order.order_id,
            "payment_id": payment.payment_id,
            "household_id": payment.household_id,
            "community_id": payment.community_id,
            "amount_fen": part.channel_fen,
            "state": CashState.DUE,
            "courier_name": "",
            "handed_in_to": "",
        }
        for order, part in zip(orders, parts, strict=True)
        if part.channel_fen
    ]
    tx.execute(_INSERT_CASH, rows)
    _pay(tx, payment, rest, DOOR, now)


def _pay(tx: Tx, payment: Row[Any], rest: Rest, till: Till, now: datetime) -> None:
    done = {
        "payment": payment.payment_id,
        "through": till.channel,
        "at": now,
        "fund": rest.cover.fund_fen,
        "card": rest.cover.card_id,
        "card_money": rest.cover.card_fen,
        "gift": rest.cover.gift_fen,
        "turn": rest.turn,
    }
    tx.execute(_PAID, done)
    ask_soon(tx, payment.payment_id, now)
    fresh = queries.payment_row(tx, payment.payment_id)
    if fresh is None:
        raise LookupError(payment.payment_id)
    giver = till.clearing if till is INTERNAL else accounts.cash_due(payment.community_id)
    hold(
        tx,
        Arrived(
            payment=fresh,
            orders=queries.allocations(tx, payment.payment_id),
            amount_fen=payment.amount_fen,
            source=Source(till, payment.payment_id, payment.payment_id),
            giver=giver,
            channel_fen=rest.channel_fen,
            paid_at=now,
        ),
        now,
    )
