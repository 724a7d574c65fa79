"""A payment's money is here: hold each order's part of it until the deal is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert

from services.contracts.settlement import (
    Allocation,
    Channel,
    EscrowState,
    PaymentReceived,
)
from services.kernel import outbox
from services.kernel.db import Tx
from services.settlement import ledger, queries
from services.settlement.domain import postings
from services.settlement.domain.accounts import Account
from services.settlement.domain.escrows import Parts
from services.settlement.domain.parts import by_order
from services.settlement.domain.payments import Purpose
from services.settlement.domain.postings import Givers, Held, Source
from services.settlement.domain.transfers import Transfer
from services.settlement.tables import EscrowRow
from services.settlement.use_cases import cover_payment, receive_fee

_INSERT_ESCROW = insert(EscrowRow)


@dataclass(frozen=True, slots=True)
class Arrived:
    """Money for a payment: so much from `giver`, the rest from fund and card."""

    payment: Row[Any]
    """With payment_id, household_id, community_id, purpose and what was set aside for it."""
    orders: Sequence[Allocation]
    amount_fen: int
    """Of the whole payment."""
    source: Source
    giver: Account
    channel_fen: int
    paid_at: datetime


def hold(tx: Tx, arrived: Arrived, now: datetime) -> None:
    """Hold it for the orders, and tell; fee payments go to the fees."""
    payment = arrived.payment
    due_fen = arrived.amount_fen - arrived.channel_fen
    cover, back = cover_payment.take(tx, payment, due_fen, now)
    parts = by_order(arrived.orders, cover, queries.card_merchant(tx, cover.card_id))
    givers = _givers(arrived)
    if payment.purpose == Purpose.FEE:
        receive_fee.receive(tx, arrived.source, payment, arrived.orders, parts, givers, back, now)
        return
    held = [
        Held(order.order_id, order.merchant_id, part)
        for order, part in zip(arrived.orders, parts, strict=True)
    ]
    rows = [
        _escrow_row(arrived, order, part, cover.card_id, now)
        for order, part in zip(arrived.orders, parts, strict=True)
    ]
    tx.execute(_INSERT_ESCROW, rows)
    ledger.post(tx, [*_transfers(arrived, held, givers), *back], now)
    _tell(tx, arrived)


def _givers(arrived: Arrived) -> Givers:
    payment = arrived.payment

    def held(part: str) -> Account:
        return cover_payment.hold_account(payment.payment_id, part, payment.cover_count)

    return Givers(arrived.giver, held("fund"), held("card"), held("gift"))


def _transfers(arrived: Arrived, held: Sequence[Held], givers: Givers) -> list[Transfer]:
    transfers = [
        postings.receipt(arrived.source, one, givers) for one in held if one.parts.money_fen
    ]
    if givers.gift is not None:
        transfers += [
            postings.gift_used(arrived.source, one, givers.gift)
            for one in held
            if one.parts.gift_fen
        ]
    return transfers


def _escrow_row(
    arrived: Arrived, order: Allocation, parts: Parts, card_id: str | None, now: datetime
) -> dict[str, object]:
    return {
        "order_id": order.order_id,
        "payment_id": arrived.payment.payment_id,
        "merchant_id": order.merchant_id,
        "household_id": arrived.payment.household_id,
        "amount_fen": order.amount_fen,
        "state": EscrowState.HELD,
        "held_at": now,
        "community_id": arrived.payment.community_id,
        "custodian": arrived.source.till.custodian,
        "channel_fen": parts.channel_fen,
        "fund_fen": parts.fund_fen,
        "card_id": card_id if parts.card_fen or parts.gift_fen else None,
        "card_fen": parts.card_fen,
        "gift_fen": parts.gift_fen,
        "category": order.category,
        "subsidy_fen": order.subsidy_fen,
        "card_name": order.card.name if order.card else None,
        "card_gift_fen": order.card.gift_fen if order.card else 0,
    }


def _tell(tx: Tx, arrived: Arrived) -> None:
    outbox.emit(
        tx,
        PaymentReceived(
            aggregate_id=arrived.payment.payment_id,
            version=1,
            household_id=arrived.payment.household_id,
            channel=Channel(arrived.source.till.channel),
            amount_fen=arrived.amount_fen,
            allocations=list(arrived.orders),
            paid_at=arrived.paid_at,
        ),
    )
