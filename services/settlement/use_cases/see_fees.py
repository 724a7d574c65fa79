"""Show property fee bills and payments to those whose they are, and to staff."""

from datetime import datetime
from typing import Any

from services.contracts.fees import (
    FeeBillQuery,
    FeeBillsQuery,
    FeeBillView,
    FeePaymentsQuery,
    FeePaymentView,
    NoSuchBill,
)
from services.contracts.permissions import Permission
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.wire import Page
from services.settlement import fee_queries
from services.settlement.domain.days import day_of
from services.settlement.use_cases.fee_rights import need_to_see


def see_bills(
    db: Database, services: Any, query: FeeBillsQuery, actor: Actor, now: datetime
) -> Page[FeeBillView]:
    """The bills of a home or a merchant, or (staff) of all."""
    if not actor.may(Permission.MONEY_VIEW_ANY):
        if query.debtor_kind is None or query.debtor_id is None:
            raise NoSuchBill()
        need_to_see(services, actor, query.debtor_kind, query.debtor_id)
    with db.reading() as tx:
        return fee_queries.bills(tx, query, day_of(now))


def see_bill(
    db: Database, services: Any, query: FeeBillQuery, actor: Actor, now: datetime
) -> FeeBillView:
    """One bill."""
    with db.reading() as tx:
        bill = fee_queries.bill_row(tx, query.bill_id)
    if bill is None:
        raise NoSuchBill()
    need_to_see(services, actor, bill.debtor_kind, bill.debtor_id)
    return fee_queries.bill_view(bill, day_of(now))


def see_payments(db: Database, query: FeePaymentsQuery) -> Page[FeePaymentView]:
    """Acts of paying, for staff: also what has to be carried over to a fee system without API."""
    with db.reading() as tx:
        return fee_queries.payments(tx, query)
