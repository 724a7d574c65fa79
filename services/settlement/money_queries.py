"""Reads of the ledger for people: statements, one order's entries, the day's figures."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, func, select, tuple_

from services.contracts.orders import RefundTo
from services.contracts.settlement import (
    Channel,
    EscrowState,
    MoneyCounts,
    RefundState,
    RefundView,
    SettledOrder,
    SettledOrdersQuery,
)
from services.kernel.db import Tx
from services.kernel.errors import Malformed
from services.kernel.wire import Page
from services.settlement.domain.accounts import AccountKind
from services.settlement.domain.escrows import Settlement
from services.settlement.domain.refunds import UNDER_WAY
from services.settlement.tables import (
    AccountRow,
    AllocationRow,
    EntryRow,
    EscrowRow,
    PaymentRow,
    RefundRow,
    TransferRow,
)
from services.settlement.tables_desk import CashRow

TRANSACTION_MAX = timedelta(minutes=1)
"""Longer than any transaction: an entry's number and its moment disagree by less than this."""


def balance_fen(tx: Tx, account_id: str) -> int:
    """A kept balance; nothing is on an account that was never used."""
    query = select(AccountRow.balance_fen).where(AccountRow.account_id == account_id)
    return int(tx.scalar(query) or 0)


def came_in_fen(tx: Tx, account_id: str, since: datetime) -> int:
    """What has been added to an account since a moment not long ago."""
    first = (
        select(EntryRow.entry_id)
        .where(EntryRow.at >= since - TRANSACTION_MAX)
        .order_by(EntryRow.at)
        .limit(1)
    )
    entry_id = tx.scalar(first)
    if entry_id is None:
        return 0
    added = select(func.sum(EntryRow.amount_fen)).where(
        EntryRow.account_id == account_id,
        EntryRow.entry_id >= entry_id,
        EntryRow.at >= since,
        EntryRow.amount_fen > 0,
    )
    return int(tx.scalar(added) or 0)


def in_escrow_fen(tx: Tx, merchant_id: str) -> int:
    """What is held for a merchant's orders."""
    held = select(func.sum(EscrowRow.amount_fen)).where(
        EscrowRow.merchant_id == merchant_id, EscrowRow.state == EscrowState.HELD
    )
    return int(tx.scalar(held) or 0)


_BACK = (
    EscrowRow.back_channel_fen
    + EscrowRow.back_fund_fen
    + EscrowRow.back_card_fen
    + EscrowRow.back_gift_fen
)
"""What of an order has gone back."""


def settled_orders(
    tx: Tx, query: SettledOrdersQuery, first: datetime, end: datetime
) -> Page[SettledOrder]:
    """A merchant's orders that were settled in a span, newest first."""
    statement = (
        select(EscrowRow.__table__, _BACK.label("back_fen"))
        .where(
            EscrowRow.merchant_id == query.merchant_id,
            EscrowRow.state == EscrowState.RELEASED,
            EscrowRow.resolved_at >= first,
            EscrowRow.resolved_at < end,
            EscrowRow.card_name.is_(None),
        )
        .order_by(EscrowRow.resolved_at.desc(), EscrowRow.order_id.desc())
    )
    if query.after is not None:
        edge = tx.first(
            select(EscrowRow.resolved_at, EscrowRow.order_id).where(
                EscrowRow.order_id == query.after
            )
        )
        if edge is None or edge.resolved_at is None:
            raise Malformed("not a place in this list", fields={"after": "unknown"})
        place = tuple_(EscrowRow.resolved_at, EscrowRow.order_id)
        statement = statement.where(place < tuple_(edge.resolved_at, edge.order_id))
    rows = tx.all(statement.limit(query.limit + 1))
    more = len(rows) > query.limit
    return Page[SettledOrder](
        items=[_settled_order(row) for row in rows[: query.limit]],
        next_after=rows[query.limit - 1].order_id if more else None,
    )


def _settled_order(row: Row[Any]) -> SettledOrder:
    shares = Settlement(row.settled_money_fen, row.settled_commission_fen, row.settled_subsidy_fen)
    return SettledOrder(
        order_id=row.order_id,
        settled_at=row.resolved_at,
        amount_fen=row.amount_fen,
        refunded_fen=int(row.back_fen),
        commission_fen=shares.commission_fen,
        subsidy_fen=shares.subsidy_fen,
        net_fen=shares.net_fen,
        withdrawable_at=row.withdrawable_at or row.resolved_at,
    )


# one order


@dataclass(frozen=True, slots=True)
class OrderEntry:
    """An entry of one of an order's transfers."""

    transfer_id: str
    at: datetime
    reason: str
    made_by: str
    account_kind: str
    amount_fen: int


def order_row(tx: Tx, order_id: str) -> Row[Any] | None:
    """Whose order it is, its amount, and the state of what is held for it."""
    return tx.first(
        select(
            PaymentRow.household_id,
            PaymentRow.community_id,
            PaymentRow.channel,
            PaymentRow.custody,
            AllocationRow.merchant_id,
            AllocationRow.amount_fen,
            AllocationRow.card_name,
            EscrowRow.state,
            EscrowRow.custodian,
            EscrowRow.channel_fen,
            EscrowRow.fund_fen,
            EscrowRow.card_fen,
            EscrowRow.gift_fen,
            _BACK.label("back_fen"),
            EscrowRow.settled_commission_fen,
            EscrowRow.withdrawable_at,
            CashRow.state.label("cash_state"),
        )
        .join(PaymentRow, PaymentRow.payment_id == AllocationRow.payment_id)
        .outerjoin(EscrowRow, EscrowRow.order_id == AllocationRow.order_id)
        .outerjoin(CashRow, CashRow.order_id == AllocationRow.order_id)
        .where(AllocationRow.order_id == order_id)
    )


def order_entries(tx: Tx, order_id: str) -> list[OrderEntry]:
    """Every entry of an order's transfers, in the order they were booked."""
    rows = tx.all(
        select(
            TransferRow.transfer_id,
            TransferRow.at,
            TransferRow.kind.label("reason"),
            TransferRow.made_by,
            AccountRow.kind.label("account_kind"),
            EntryRow.amount_fen,
        )
        .join(EntryRow, EntryRow.transfer_id == TransferRow.transfer_id)
        .join(AccountRow, AccountRow.account_id == EntryRow.account_id)
        .where(TransferRow.order_id == order_id)
        .order_by(EntryRow.entry_id)
        .limit(500)
    )
    return [OrderEntry(*row) for row in rows]


def refund_view(row: Row[Any]) -> RefundView:
    """A refund for people."""
    return RefundView(
        refund_id=row.refund_id,
        order_id=row.order_id,
        amount_fen=row.amount_fen,
        state=RefundState(row.state),
        to=RefundTo(row.refund_to),
        at=row.done_at or row.requested_at,
        note=row.last_error or row.reason,
        channel=Channel(row.channel),
        tries=row.try_count,
    )


# figures


def counts(tx: Tx, today: datetime) -> MoneyCounts:
    """What is held now, and what has moved since `today` began."""
    funds = {
        row.kind: int(row.total_fen or 0)
        for row in tx.all(
            select(AccountRow.kind, func.sum(AccountRow.balance_fen).label("total_fen"))
            .where(AccountRow.kind.in_((AccountKind.HOUSEHOLD_FUND, AccountKind.MERCHANT_FUND)))
            .group_by(AccountRow.kind)
        )
    }
    paid = tx.first(
        select(func.count(), func.sum(PaymentRow.amount_fen)).where(PaymentRow.paid_at >= today)
    )
    refunds = {
        row.state: row.count
        for row in tx.all(
            select(RefundRow.state, func.count().label("count"))
            .where(RefundRow.state.in_((*UNDER_WAY, RefundState.FAILED)))
            .group_by(RefundRow.state)
        )
    }
    return MoneyCounts(
        escrow_fen=_escrow_fen(tx, EscrowRow.state == EscrowState.HELD),
        merchant_funds_fen=funds.get(AccountKind.MERCHANT_FUND, 0),
        household_funds_fen=funds.get(AccountKind.HOUSEHOLD_FUND, 0),
        paid_today_fen=int(paid[1] or 0) if paid else 0,
        paid_today_count=int(paid[0]) if paid else 0,
        settled_today_fen=_escrow_fen(
            tx, and_(EscrowRow.state == EscrowState.RELEASED, EscrowRow.resolved_at >= today)
        ),
        refunds_pending=sum(refunds.get(state, 0) for state in UNDER_WAY),
        refunds_failed=refunds.get(RefundState.FAILED, 0),
    )


def _escrow_fen(tx: Tx, condition: Any) -> int:
    return int(tx.scalar(select(func.sum(EscrowRow.amount_fen)).where(condition)) or 0)
