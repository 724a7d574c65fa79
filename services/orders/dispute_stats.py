"""How often merchants' deals go wrong: counted when somebody asks, from rows that indexes bring."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select

from services.contracts.disputes import MerchantsStatsQuery, MerchantStats, MerchantStatsQuery
from services.contracts.orders import NotYourOrder, OrderState, Party
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import Malformed
from services.kernel.wire import Page
from services.orders.domain.dispute_moves import OPEN, Ended
from services.orders.list_queries import id_at
from services.orders.queries import checked_id
from services.orders.standing import sees_all
from services.orders.tables import OrderRow
from services.orders.tables_cases import CaseRow
from services.orders.tables_disputes import DisputeRow

DAYS = 90
PLACED_BEFORE = timedelta(days=60)
"""An order is done within so long after it was placed, bar a few: the index is by placing."""
ANSWERS_MAX = 1_000
_D = DisputeRow
_HALF = and_(_D.frozen_fen > 0, _D.outcome_fen * 2 >= _D.frozen_fen)
_BY_STAFF = _D.ended.in_([Ended.RULED, Ended.DECIDED])
_COUNT = func.count().label("disputes")
_DISPUTES = select(
    _D.merchant_id,
    func.max(_D.store_id).label("store_id"),
    _COUNT,
    func.sum(case((_D.state.in_(OPEN), 1), else_=0)).label("disputes_open"),
    func.sum(case((and_(_BY_STAFF, _HALF), 1), else_=0)).label("ruled_for_resident"),
    func.sum(case((and_(_BY_STAFF, ~_HALF), 1), else_=0)).label("ruled_for_merchant"),
    func.sum(case((_D.ended == Ended.AGREED, 1), else_=0)).label("agreed"),
).group_by(_D.merchant_id)


def merchant_stats(
    db: Database, query: MerchantStatsQuery, actor: Actor, now: datetime
) -> MerchantStats:
    """For the merchant's own people, and for staff where it has had an order in their reach;
    NotYourOrder for others."""
    with db.reading() as tx:
        if not _may_see(tx, query.merchant_id, actor):
            raise NotYourOrder
        return stats_of(tx, [query.merchant_id], query.days, now)[0]


def merchants_stats(
    db: Database, query: MerchantsStatsQuery, actor: Actor, now: datetime
) -> Page[MerchantStats]:
    """The merchants with the most disputes in reach first; for staff."""
    if not sees_all(actor):
        raise NotYourOrder
    where = [_D.community_id.in_(actor.communities), _D.opened_at >= _since(query.days, now)]
    if query.community_id:
        where.append(_D.community_id == query.community_id)
    ranked = select(_D.merchant_id, _COUNT).where(*where).group_by(_D.merchant_id)
    if query.after:
        ranked = ranked.having(_later_than(query.after))
    with db.reading() as tx:
        rows = tx.all(ranked.order_by(_COUNT.desc(), _D.merchant_id).limit(query.limit + 1))
        shown = rows[: query.limit]
        items = stats_of(tx, [row.merchant_id for row in shown], query.days, now)
    more = len(rows) > query.limit
    last = f"{shown[-1].disputes}.{shown[-1].merchant_id}" if more else None
    return Page(items=items, next_after=last)


def stats_of(tx: Tx, merchant_ids: Sequence[str], days: int, now: datetime) -> list[MerchantStats]:
    """Of the last `days`, for each of these merchants in their order."""
    if not merchant_ids:
        return []
    since = _since(days, now)
    figures: dict[str, Counter[str]] = defaultdict(Counter)
    stores = _orders(tx, merchant_ids, since)
    for row in [*stores, *_disputes(tx, merchant_ids, since)]:
        figures[row.merchant_id].update({name: int(row._mapping[name]) for name in row._fields[2:]})
    for merchant_id, counted in _cases(tx, [row.store_id for row in stores], since).items():
        figures[merchant_id].update(counted)
    zero = dict.fromkeys(_COUNTED, 0)
    return [
        MerchantStats.model_validate({**zero, **figures[one], "merchant_id": one, "days": days})
        for one in merchant_ids
    ]


_COUNTED = [
    name
    for name, kind in MerchantStats.model_fields.items()
    if kind.annotation is int and name != "days"
]


def _since(days: int, now: datetime) -> datetime:
    return now - timedelta(days=days)


def _orders(tx: Tx, merchant_ids: Sequence[str], since: datetime) -> list[Row[Any]]:
    """A row for each of their stores."""
    row = OrderRow
    by_store = and_(row.cancelled_by == Party.MERCHANT, row.cancelled_at >= since)
    done = and_(row.state == OrderState.COMPLETED, row.completed_at >= since)
    ended = or_(row.completed_at >= since, row.cancelled_at >= since)
    counting = select(
        row.merchant_id,
        row.store_id,
        func.sum(case((done, 1), else_=0)).label("orders_completed"),
        func.sum(case((by_store, 1), else_=0)).label("orders_cancelled_by_store"),
        func.sum(case((ended, row.refunded_fen), else_=0)).label("refunded_fen"),
    ).where(
        row.merchant_id.in_(merchant_ids),
        row.order_id >= id_at(since - PLACED_BEFORE),
        row.supplement_of.is_(None),
    )
    return tx.all(counting.group_by(row.merchant_id, row.store_id))


def _disputes(tx: Tx, merchant_ids: Sequence[str], since: datetime) -> list[Row[Any]]:
    return tx.all(_DISPUTES.where(_D.merchant_id.in_(merchant_ids), _D.opened_at >= since))


def _cases(tx: Tx, store_ids: Sequence[str], since: datetime) -> dict[str, dict[str, int]]:
    """How many, and the median minutes to the store's answer, of the latest at most."""
    row = CaseRow
    where = [
        row.store_id.in_(store_ids),
        row.case_id >= id_at(since),
        row.opened_at >= since,
    ]
    counting = select(row.merchant_id, func.count().label("cases")).where(*where)
    counted = tx.all(counting.group_by(row.merchant_id))
    figures = {one.merchant_id: {"cases": one.cases} for one in counted}
    latest = (
        select(row.merchant_id, row.opened_at, row.answered_at)
        .where(*where, row.answered_at.is_not(None))
        .order_by(row.case_id.desc())
        .limit(ANSWERS_MAX)
    )
    rows = sorted(tx.all(latest), key=lambda one: str(one.merchant_id))
    for merchant_id, answered in groupby(rows, key=lambda one: one.merchant_id):
        waited_s = [(one.answered_at - one.opened_at).total_seconds() for one in answered]
        figures[merchant_id]["answer_minutes"] = round(median(waited_s) / 60)
    return figures


def _may_see(tx: Tx, merchant_id: str, actor: Actor) -> bool:
    if actor.role_in(merchant_id):
        return True
    own: ColumnElement[bool] = OrderRow.store_id.in_(list(actor.groups))
    if sees_all(actor):
        own = or_(OrderRow.community_id.in_(actor.communities), own)
    seen = select(OrderRow.order_id).where(OrderRow.merchant_id == merchant_id, own).limit(1)
    return tx.first(seen) is not None


def _later_than(after: str) -> ColumnElement[bool]:
    count, _, merchant_id = after.partition(".")
    if not (count.isascii() and count.isdigit() and len(count) < 10):
        raise Malformed(fields={"after": "not a page's next_after"})
    same = and_(_COUNT.in_([int(count)]), _D.merchant_id > checked_id(merchant_id))
    return or_(_COUNT.between(0, int(count) - 1), same)
