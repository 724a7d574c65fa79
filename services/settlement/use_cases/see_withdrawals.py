"""Show withdrawals: to the owner's people with what their phone needs, to staff all of them."""

from datetime import datetime

from services.contracts.permissions import Permission
from services.contracts.settlement import NotYourFund, OwnerKind
from services.contracts.withdrawals import (
    NoSuchWithdrawal,
    PayoutWay,
    WithdrawalQuery,
    WithdrawalsQuery,
    WithdrawalView,
)
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import Malformed
from services.kernel.wire import Page
from services.settlement import withdrawal_queries
from services.settlement.domain.payouts import PayoutChannel
from services.settlement.domain.withdrawals import UNDER_WAY
from services.settlement.use_cases.pay_out import pay_out
from services.settlement.use_cases.withdraw_rights import may_view


def see_withdrawal(
    db: Database,
    payouts: PayoutChannel | None,
    query: WithdrawalQuery,
    actor: Actor,
    refusal_max: int,
    now: datetime,
) -> WithdrawalView:
    """One withdrawal; with `refresh` the channel is asked first when it may know more."""
    view = view_of(db, payouts, query.withdrawal_id, actor)
    if not query.refresh or payouts is None or view.way is not PayoutWay.WECHAT:
        return view
    with db.reading() as tx:
        row = withdrawal_queries.withdrawal_row(tx, query.withdrawal_id)
    # A transfer that the channel has not taken yet is the worker's business: it counts refusals.
    if row is None or row.state not in UNDER_WAY or row.accepted_at is None:
        return view
    pay_out(db, payouts, row, refusal_max, now)
    return view_of(db, payouts, query.withdrawal_id, actor)


def see_withdrawals(db: Database, query: WithdrawalsQuery, actor: Actor) -> Page[WithdrawalView]:
    """A page of one owner's, or for staff of all, newest first."""
    if (query.owner_kind is None) != (query.owner_id is None):
        raise Malformed("an owner has a kind and an id", fields={"owner_id": "missing"})
    staff = actor.may(Permission.MONEY_VIEW_ANY)
    if not staff:
        if query.owner_kind is None or query.owner_id is None:
            actor.need(Permission.MONEY_VIEW_ANY)
        elif not may_view(actor, query.owner_kind, query.owner_id):
            raise NotYourFund()
    with db.reading() as tx:
        rows = withdrawal_queries.page_of(tx, query)
    shown = rows[: query.limit]
    return Page[WithdrawalView](
        items=[withdrawal_queries.withdrawal_view(row, staff=staff) for row in shown],
        next_after=shown[-1].withdrawal_id if len(rows) > query.limit else None,
    )


def view_of(
    db: Database, payouts: PayoutChannel | None, withdrawal_id: str, actor: Actor
) -> WithdrawalView:
    """As it stands, for its owner's people and for staff; NoSuchWithdrawal for all others."""
    with db.reading() as tx:
        row = withdrawal_queries.withdrawal_row(tx, withdrawal_id)
    own = row is not None and may_view(actor, OwnerKind(row.owner_kind), row.owner_id)
    if row is None or not (own or actor.may(Permission.MONEY_VIEW_ANY)):
        raise NoSuchWithdrawal()
    return withdrawal_queries.withdrawal_view(
        row,
        staff=not own,
        mchid=payouts.merchant_number if payouts else "",
        app_id=payouts.app_id if payouts else "",
    )
