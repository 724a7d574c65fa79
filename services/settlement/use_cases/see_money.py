"""Show money: a fund with its statement, one order's money as a flow, the day's figures."""

from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row

from services.contracts.permissions import Permission
from services.contracts.settlement import (
    CashState,
    Channel,
    Custody,
    EscrowState,
    FundQuery,
    FundView,
    MoneyCounts,
    MoneyStep,
    NotYourFund,
    OrderMoneyQuery,
    OrderMoneyView,
    OwnerKind,
    RefundsQuery,
    RefundView,
    SettledOrder,
    SettledOrdersQuery,
)
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import NotFound
from services.kernel.wire import Page
from services.settlement import ledger, money_queries, queries, statement_queries
from services.settlement.domain import accounts
from services.settlement.domain.accounts import Custodian
from services.settlement.domain.days import bounds, day_of
from services.settlement.domain.transfers import BETWEEN_HOLDERS, flows
from services.settlement.use_cases.reach import reaches
from services.settlement.use_cases.withdraw_rights import may_view
from services.settlement.withdrawal_queries import withdrawable_fen


def see_fund(db: Database, query: FundQuery, actor: Actor, now: datetime) -> FundView:
    """A fund with its newest entries first, for its people and for staff."""
    own = may_view(actor, query.owner_kind, query.owner_id)
    if not own and not actor.may(Permission.MONEY_VIEW_ANY):
        raise NotYourFund()
    account = accounts.fund(query.owner_kind, query.owner_id)
    today, _ = bounds(day_of(now))
    with db.reading() as tx:
        page = statement_queries.statement(tx, account.account_id, query.after, query.limit)
        return FundView(
            owner_kind=query.owner_kind,
            owner_id=query.owner_id,
            balance_fen=page.balance_fen,
            today_in_fen=money_queries.came_in_fen(tx, account.account_id, today),
            withdrawable_fen=withdrawable_fen(tx, query.owner_kind, query.owner_id, now),
            lines=page.lines,
            next_after=page.next_after,
            **_merchant_side(tx, query),
        )


def _merchant_side(tx: Tx, query: FundQuery) -> dict[str, int]:
    if query.owner_kind is not OwnerKind.MERCHANT:
        return {}
    deposit = accounts.merchant_deposit(query.owner_id).account_id
    debt = accounts.merchant_receivable(query.owner_id).account_id
    return {
        "in_escrow_fen": money_queries.in_escrow_fen(tx, query.owner_id),
        "deposit_fen": ledger.summed_balance_fen(tx, deposit),
        "owed_fen": -ledger.summed_balance_fen(tx, debt),
    }


def see_settled_orders(
    db: Database, query: SettledOrdersQuery, actor: Actor, now: datetime
) -> Page[SettledOrder]:
    """What a merchant's orders of one Beijing day brought, for its people and for staff."""
    own = may_view(actor, OwnerKind.MERCHANT, query.merchant_id)
    if not own and not actor.may(Permission.MONEY_VIEW_ANY):
        raise NotYourFund()
    first, end = bounds(query.day or day_of(now))
    with db.reading() as tx:
        return money_queries.settled_orders(tx, query, first, end)


def see_order_money(db: Database, query: OrderMoneyQuery, actor: Actor) -> OrderMoneyView:
    """Who held the money of one order, when, for its two sides and for staff in reach."""
    with db.reading() as tx:
        order = money_queries.order_row(tx, query.order_id)
        if order is None or not _has_part(actor, order):
            raise NotFound("there is no such order, or it is not yours")
        return order_money(tx, query.order_id)


def order_money(tx: Tx, order_id: str) -> OrderMoneyView:
    """One order's money as a flow."""
    order = money_queries.order_row(tx, order_id)
    if order is None:
        raise NotFound("there is no such order")
    custodian = Custodian(order.custodian or Custodian.PROPERTY)
    escrow = accounts.escrow(order_id, custodian)
    back_fen = int(order.back_fen or 0)
    held = order.state is not None
    return OrderMoneyView(
        order_id=order_id,
        household_id=order.household_id,
        merchant_id=order.merchant_id,
        amount_fen=order.amount_fen,
        held_fen=money_queries.balance_fen(tx, escrow.account_id),
        state=EscrowState(order.state) if held else None,
        channel=Channel(order.channel) if order.channel else None,
        channel_fen=order.channel_fen or 0,
        fund_fen=order.fund_fen or 0,
        card_fen=order.card_fen or 0,
        gift_fen=order.gift_fen or 0,
        refunded_fen=back_fen,
        refundable_fen=_refundable_fen(tx, order_id, order) if held else 0,
        commission_fen=order.settled_commission_fen or 0,
        custody=Custody(order.custody),
        cash=CashState(order.cash_state) if order.cash_state else None,
        withdrawable_at=order.withdrawable_at,
        steps=_steps(money_queries.order_entries(tx, order_id)),
        refunds=[money_queries.refund_view(row) for row in queries.refunds_of(tx, order_id)],
    )


def _refundable_fen(tx: Tx, order_id: str, order: Row[Any]) -> int:
    """What has not gone back; of a card that was sold, no more than is still on it."""
    left_fen = int(order.amount_fen - order.back_fen)
    if order.card_name is None or order.state != EscrowState.RELEASED:
        return left_fen
    return min(left_fen, money_queries.balance_fen(tx, accounts.card(order_id).account_id))


def see_refunds(db: Database, query: RefundsQuery, actor: Actor) -> Page[RefundView]:
    """Refunds for staff."""
    with db.reading() as tx:
        rows = queries.refunds_page(
            tx, query.state, actor.communities, query.after, query.limit + 1
        )
    more = len(rows) > query.limit
    return Page[RefundView](
        items=[money_queries.refund_view(row) for row in rows[: query.limit]],
        next_after=rows[query.limit - 1].refund_id if more else None,
    )


def count_money(db: Database, now: datetime) -> MoneyCounts:
    """What is held and what has moved on this Beijing day."""
    today, _ = bounds(day_of(now))
    with db.reading() as tx:
        return money_queries.counts(tx, today)


def _has_part(actor: Actor, order: Row[Any]) -> bool:
    if actor.may(Permission.MONEY_VIEW_ANY) and reaches(actor, order.community_id):
        return True
    sides = (order.household_id, order.merchant_id)
    return any(actor.role_in(side) is not None for side in sides)


def _steps(entries: list[money_queries.OrderEntry]) -> list[MoneyStep]:
    steps: list[MoneyStep] = []
    for _, group in groupby(entries, lambda entry: entry.transfer_id):
        parts = list(group)
        sign = -1 if parts[0].reason in BETWEEN_HOLDERS else 1
        steps += [
            MoneyStep(
                at=parts[0].at,
                from_account=flow.source,
                to_account=flow.target,
                amount_fen=flow.amount_fen,
                reason=parts[0].reason,
                transfer_id=parts[0].transfer_id,
                by=parts[0].made_by,
            )
            for flow in flows([(part.account_kind, sign * part.amount_fen) for part in parts])
        ]
    return steps
