"""Show a payment, after asking the channel when the asker cannot wait for the notice."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.contracts.permissions import Permission
from services.contracts.settlement import (
    Channel,
    Custody,
    NoSuchPayment,
    PaymentQuery,
    PaymentState,
    PaymentView,
    PayWay,
)
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import LinliError
from services.settlement import queries
from services.settlement.domain.channel import PayChannel
from services.settlement.domain.payments import ways_of
from services.settlement.use_cases.ask_channel import ask_channel
from services.settlement.use_cases.reach import reaches

log = logging.getLogger(__name__)


def see_payment(
    db: Database,
    channels: Mapping[Channel, PayChannel],
    query: PaymentQuery,
    actor: Actor,
    now: datetime,
) -> PaymentView:
    """The payment, for its household and for staff in reach; NoSuchPayment for anybody else."""
    view = _payment_of(db, channels, query.payment_id, actor)
    if query.refresh and view.state in (PaymentState.OPEN, PaymentState.CLOSING):
        _refresh(db, channels, query.payment_id, now)
        view = _payment_of(db, channels, query.payment_id, actor)
    return view


def _payment_of(
    db: Database, channels: Mapping[Channel, PayChannel], payment_id: str, actor: Actor
) -> PaymentView:
    with db.reading() as tx:
        row = queries.payment_row(tx, payment_id)
        if row is None or not _may_see(actor, row):
            raise NoSuchPayment()
        view = queries.payment_view(row, queries.allocations(tx, payment_id))
    ways = ways_of(channels, view.custody, at_door=queries.paid_at_door(row))
    if any(part.card is not None for part in view.allocations):
        kept_here = view.custody is Custody.COLLECT
        ways = [way for way in ways if kept_here and way is not PayWay.ON_DELIVERY]
    return view.model_copy(update={"ways": ways if view.state is PaymentState.OPEN else []})


def _may_see(actor: Actor, payment: Row[Any]) -> bool:
    staff = actor.may(Permission.MONEY_VIEW_ANY) and reaches(actor, payment.community_id)
    return staff or actor.role_in(payment.household_id) is not None


def _refresh(
    db: Database, channels: Mapping[Channel, PayChannel], payment_id: str, now: datetime
) -> None:
    with db.reading() as tx:
        live = queries.live_channel_orders(tx, payment_id)
    for row in live:
        try:
            ask_channel(db, channels[Channel(row.channel)], row, now)
        except LinliError as error:
            # What is known here is still an answer; the poll asks again.
            log.warning("channel order %s: %s", row.out_trade_no, error.message)
