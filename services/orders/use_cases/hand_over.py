"""Give out what is fetched with its code: all of it or a part, each piece once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import insert

from services.contracts.orders import (
    CodeQuery,
    CodeUsed,
    HandOver,
    NoSuchCode,
    NotThatMany,
    NotYourOrder,
    OrderState,
    OrderView,
    PickupView,
    Step,
)
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.wire import Done
from services.orders import ending, locks, queries
from services.orders.domain.deadlines import timed
from services.orders.domain.doer import Doer
from services.orders.domain.handing import left_to_fetch
from services.orders.domain.moves import Act
from services.orders.domain.order import Order
from services.orders.domain.wording import shortened
from services.orders.settings import Settings
from services.orders.standing import doer_of, party_for
from services.orders.store import Change, record
from services.orders.tables_beside import PickupRow
from services.orders.views import order_view

_INSERT = insert(PickupRow)


def order_by_code(
    db: Database, query: CodeQuery, actor: Actor, now: datetime, settings: Settings
) -> OrderView:
    """The order that the code opens at this store, used or not; NoSuchCode to strangers too."""
    if actor.role_in(query.store_id) is None:
        raise NoSuchCode
    with db.reading() as tx:
        order_id = queries.order_of_code(tx, query.store_id, query.code)
    if order_id is None:
        raise NoSuchCode
    return order_view(db, order_id, actor, now, settings)


def hand_over(
    db: Database, command: HandOver, actor: Actor, now: datetime, settings: Settings
) -> OrderView:
    """The pieces are given out; with the last one the deal is done."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            order = locks.order_for_update(tx, command.order_id)
            if actor.role_in(order.store_id) is None:
                raise NotYourOrder
            before = queries.pickups_of(tx, order.order_id)
            _check_code(order, command.code, before)
            doer = doer_of(actor, party_for(actor, order, Act.HAND_OVER), command.client)
            _give_out(tx, order, command, doer, before, now, settings)
            claim.answer = Done()
    return order_view(db, command.order_id, actor, now, settings)


def _check_code(order: Order, code: str, before: Sequence[PickupView]) -> None:
    if order.pickup_code != code:
        raise NoSuchCode
    if before and order.state is OrderState.COMPLETED:
        last = before[-1]
        raise CodeUsed(
            "all of it was handed over before",
            fields={"at": last.at.isoformat(), "by": last.by},
        )


def _give_out(
    tx: Tx,
    order: Order,
    command: HandOver,
    doer: Doer,
    before: Sequence[PickupView],
    now: datetime,
    settings: Settings,
) -> None:
    lines = queries.lines_of(tx, order.order_id, order.revision)
    names = {line.sku_id: line.item_name for line in lines}
    left = left_to_fetch({line.sku_id: line.quantity for line in lines}, before)
    wanted = Counter({line.sku_id: line.quantity for line in command.lines}) or Counter(left)
    too_many = {sku: str(left.get(sku, 0)) for sku, n in wanted.items() if n > left.get(sku, 0)}
    if too_many:
        raise NotThatMany("more than is left", fields=too_many)
    _keep(tx, order, doer, wanted, len(before), now)
    note = shortened(" ".join(f"{names[sku]}×{n}" for sku, n in wanted.items()))
    if sum(left.values()) > wanted.total():
        after = timed(order.hand_out(now), now, settings.limits)
        record(tx, [Change(order, after, Step.PICKED_UP, doer, note)], now)
        return
    handed = record(tx, [Change(order, order.hand_out(now), Step.PICKED_UP, doer, note)], now)[0]
    ending.complete(tx, handed, handed.hand_over(now), Step.COMPLETED, doer, now)


def _keep(
    tx: Tx, order: Order, doer: Doer, wanted: Mapping[str, int], number: int, now: datetime
) -> None:
    tx.execute(
        _INSERT,
        {
            "order_id": order.order_id,
            "pickup_no": number,
            "at": now,
            "by_account_id": doer.account_id,
            "by_name": doer.name,
            "lines": [{"sku_id": sku, "quantity": n} for sku, n in wanted.items()],
        },
    )
