"""Show money: a fund with its statement, one order's money as a flow, the day's figures."""

from datetime import datetime
from itertools import groupby

from services.contracts.permissions import Permission
from services.contracts.settlement import (
    EscrowState,
    FundQuery,
    FundView,
    MoneyCounts,
    MoneyStep,
    NotYourFund,
    OrderMoneyQuery,
    OrderMoneyView,
    OwnerKind,
)
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import NotFound
from services.settlement import money_queries, queries
from services.settlement.domain import accounts
from services.settlement.domain.days import bounds, day_of
from services.settlement.domain.transfers import flows

_FUND_PERMISSION = {
    OwnerKind.HOUSEHOLD: Permission.FUND_VIEW,
    OwnerKind.MERCHANT: Permission.MERCHANT_FUND_VIEW,
}


def see_fund(db: Database, query: FundQuery, actor: Actor, now: datetime) -> FundView:
    """A fund with its newest entries first, for its people and for staff."""
    own = actor.may(_FUND_PERMISSION[query.owner_kind]) and actor.role_in(query.owner_id)
    if not own and not actor.may(Permission.MONEY_VIEW_ANY):
        raise NotYourFund()
    account = accounts.fund(query.owner_kind, query.owner_id)
    today, _ = bounds(day_of(now))
    with db.reading() as tx:
        page = money_queries.statement(tx, account.account_id, query.after, query.limit)
        in_escrow_fen = 0
        if query.owner_kind is OwnerKind.MERCHANT:
            in_escrow_fen = money_queries.in_escrow_fen(tx, query.owner_id)
        return FundView(
            owner_kind=query.owner_kind,
            owner_id=query.owner_id,
            balance_fen=page.balance_fen,
            in_escrow_fen=in_escrow_fen,
            today_in_fen=money_queries.came_in_fen(tx, account.account_id, today),
            lines=page.lines,
            next_after=page.next_after,
        )


def see_order_money(db: Database, query: OrderMoneyQuery, actor: Actor) -> OrderMoneyView:
    """Who held the money of one order, when, for its two sides and for staff."""
    with db.reading() as tx:
        order = money_queries.order_row(tx, query.order_id)
        if order is None or not _has_part(actor, order.household_id, order.merchant_id):
            raise NotFound("there is no such order, or it is not yours")
        escrow = accounts.escrow(query.order_id)
        return OrderMoneyView(
            order_id=query.order_id,
            household_id=order.household_id,
            merchant_id=order.merchant_id,
            amount_fen=order.amount_fen,
            held_fen=money_queries.balance_fen(tx, escrow.account_id),
            state=EscrowState(order.state) if order.state else None,
            steps=_steps(money_queries.order_entries(tx, query.order_id)),
            refunds=[
                money_queries.refund_view(row) for row in queries.refunds_of(tx, query.order_id)
            ],
        )


def count_money(db: Database, now: datetime) -> MoneyCounts:
    """What is held and what has moved on this Beijing day."""
    today, _ = bounds(day_of(now))
    with db.reading() as tx:
        return money_queries.counts(tx, today)


def _has_part(actor: Actor, household_id: str, merchant_id: str) -> bool:
    if actor.may(Permission.MONEY_VIEW_ANY):
        return True
    return any(actor.role_in(side) is not None for side in (household_id, merchant_id))


def _steps(entries: list[money_queries.OrderEntry]) -> list[MoneyStep]:
    steps: list[MoneyStep] = []
    for _, group in groupby(entries, lambda entry: entry.transfer_id):
        parts = list(group)
        steps += [
            MoneyStep(
                at=parts[0].at,
                from_account=flow.source,
                to_account=flow.target,
                amount_fen=flow.amount_fen,
                reason=parts[0].reason,
            )
            for flow in flows([(part.account_kind, part.amount_fen) for part in parts])
        ]
    return steps
