"""delivery's reads. Drops and couriers of many visits come in one statement each."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, and_, case, or_, select
from sqlalchemy import func as sql

from services.contracts.delivery import (
    CourierView,
    DeliveryCounts,
    DropState,
    DropView,
    GateEntryView,
    OrderVisitView,
    VisitState,
    VisitView,
)
from services.delivery.domain.visit import KEPT_OUT, OPEN_STATES, overstayed
from services.delivery.tables import (
    CourierCommunityRow,
    CourierRow,
    CourierStoreRow,
    DropRow,
    GateLogRow,
    VisitRow,
)
from services.kernel.db import Tx

COURIERS_MAX = 100
VISITS_MAX = 50

_VISIT = select(
    VisitRow.__table__,
    CourierRow.name.label("courier_name"),
    CourierRow.photo.label("courier_photo"),
    CourierRow.phone_masked,
).join(CourierRow, CourierRow.courier_id == VisitRow.courier_id)


def courier_of_account(tx: Tx, account_id: str) -> Row[Any] | None:
    """The courier who is this account."""
    return tx.first(select(CourierRow.__table__).where(CourierRow.account_id == account_id))


def courier_view(tx: Tx, courier_id: str) -> CourierView:
    """A courier who is known to be there."""
    return _courier_views(tx, _couriers().where(CourierRow.courier_id == courier_id))[0]


def couriers_for_store(tx: Tx, store_id: str) -> list[CourierView]:
    """The store's own couriers first, then the property's."""
    own = select(CourierStoreRow.courier_id).where(CourierStoreRow.store_id == store_id)
    mine = CourierRow.courier_id.in_(own)
    return _courier_views(
        tx,
        _couriers()
        .where(or_(mine, CourierRow.of_property.is_(True)))
        .order_by(mine.desc(), CourierRow.courier_id)
        .limit(COURIERS_MAX),
    )


def _couriers() -> Select[Any]:
    open_drops = (
        select(sql.count())
        .where(DropRow.courier_id == CourierRow.courier_id, DropRow.state == DropState.ASSIGNED)
        .scalar_subquery()
    )
    return select(
        CourierRow.courier_id,
        CourierRow.name,
        CourierRow.phone_masked,
        CourierRow.photo,
        open_drops.label("open_drops"),
    )


def _courier_views(tx: Tx, statement: Select[Any]) -> list[CourierView]:
    return [CourierView.model_validate(row._mapping) for row in tx.all(statement)]


def may_bring(tx: Tx, courier: Row[Any], store_id: str, community_id: str) -> bool:
    """Whether the courier comes to this community, for this store or for the property."""
    comes = select(CourierCommunityRow.courier_id).where(
        CourierCommunityRow.courier_id == courier.courier_id,
        CourierCommunityRow.community_id == community_id,
    )
    if not courier.of_property:
        comes = comes.join(
            CourierStoreRow,
            and_(
                CourierStoreRow.courier_id == CourierCommunityRow.courier_id,
                CourierStoreRow.store_id == store_id,
            ),
        )
    return tx.first(comes) is not None


def untold_couriers(tx: Tx, now: datetime, most: int) -> list[Row[Any]]:
    """Couriers of whom identity does not know yet, and may be told now."""
    return tx.all(
        select(CourierRow.courier_id, CourierRow.account_id)
        .where(CourierRow.told_at.is_(None), CourierRow.tell_after <= now)
        .order_by(CourierRow.tell_after)
        .limit(most)
    )


def drop(tx: Tx, drop_id: str) -> Row[Any] | None:
    """The drop, unlocked."""
    return tx.first(select(DropRow.__table__).where(DropRow.drop_id == drop_id))


def drop_view(row: Row[Any]) -> DropView:
    """A drop as courier and guard see it."""
    return DropView.model_validate(row._mapping)


def visit(tx: Tx, visit_id: str) -> Row[Any] | None:
    """The visit, unlocked."""
    return tx.first(select(VisitRow.__table__).where(VisitRow.visit_id == visit_id))


def visit_by_digits(tx: Tx, community_id: str, digits: str) -> Row[Any] | None:
    """The open visit of a community that has these six digits."""
    return tx.first(
        select(VisitRow.__table__).where(
            VisitRow.community_id == community_id, VisitRow.digits == digits
        )
    )


def late_visit_ids(tx: Tx, now: datetime, most: int) -> list[str]:
    """Expected visits whose window has passed."""
    rows = tx.all(
        select(VisitRow.visit_id)
        .where(VisitRow.state == VisitState.EXPECTED, VisitRow.expected_until < now)
        .order_by(VisitRow.expected_until)
        .limit(most)
    )
    return [row.visit_id for row in rows]


def visit_view(tx: Tx, visit_id: str, now: datetime, overstay_after_s: int) -> VisitView:
    """A visit that is known to be there, with its drops."""
    rows = tx.all(_VISIT.where(VisitRow.visit_id == visit_id))
    return _with_drops(tx, rows, now, overstay_after_s)[0]


def visits_of_courier(
    tx: Tx, courier_id: str, now: datetime, overstay_after_s: int
) -> list[VisitView]:
    """Visits that are open, and those that ended with something still to bring."""
    to_bring = select(DropRow.visit_id).where(
        DropRow.courier_id == courier_id, DropRow.state == DropState.ASSIGNED
    )
    rows = tx.all(
        _VISIT.where(
            VisitRow.courier_id == courier_id,
            or_(VisitRow.state.in_(OPEN_STATES), VisitRow.visit_id.in_(to_bring)),
        )
        .order_by(VisitRow.visit_id.desc())
        .limit(VISITS_MAX)
    )
    return _with_drops(tx, rows, now, overstay_after_s)


def visits_of_community(
    tx: Tx,
    community_id: str,
    states: Sequence[VisitState],
    after: str | None,
    limit: int,
    now: datetime,
    overstay_after_s: int,
) -> list[VisitView]:
    """Newest first, from below `after`."""
    statement = _VISIT.where(VisitRow.community_id == community_id)
    if states:
        statement = statement.where(VisitRow.state.in_(states))
    if after:
        statement = statement.where(VisitRow.visit_id < after)
    rows = tx.all(statement.order_by(VisitRow.visit_id.desc()).limit(limit))
    return _with_drops(tx, rows, now, overstay_after_s)


def visits_of_orders(
    tx: Tx,
    order_ids: Sequence[str],
    community_ids: Sequence[str],
    now: datetime,
    overstay_after_s: int,
) -> list[OrderVisitView]:
    """The orders' drops in these communities, the newest first, in three statements; other drops
    that came with the same visit are other people's, and left out."""
    drops = tx.all(
        select(DropRow.__table__)
        .where(DropRow.order_id.in_(order_ids), DropRow.community_id.in_(community_ids))
        .order_by(DropRow.assigned_at.desc(), DropRow.drop_id.desc())
    )
    if not drops:
        return []
    visit_ids = {row.visit_id for row in drops}
    visits = {row.visit_id: row for row in tx.all(_VISIT.where(VisitRow.visit_id.in_(visit_ids)))}
    log = _gate_log(tx, visit_ids)
    shown: dict[str, list[DropView]] = defaultdict(list)
    for row in drops:
        shown[row.visit_id].append(drop_view(row))
    return [
        OrderVisitView(
            drop=drop_view(row),
            visit=_visit_view(visits[row.visit_id], shown[row.visit_id], now, overstay_after_s),
            log=log[row.visit_id],
        )
        for row in drops
    ]


def _gate_log(tx: Tx, visit_ids: Collection[str]) -> dict[str, list[GateEntryView]]:
    entries: dict[str, list[GateEntryView]] = defaultdict(list)
    of_these = GateLogRow.visit_id.in_(visit_ids)
    for row in tx.all(select(GateLogRow.__table__).where(of_these).order_by(GateLogRow.log_id)):
        said = "refused" if row.direction == KEPT_OUT else row.direction
        entries[row.visit_id].append(
            GateEntryView(at=row.at, gate=row.gate, direction=said, guard_name=row.guard_name)
        )
    return entries


def has_drops_to_bring(tx: Tx, visit_id: str) -> bool:
    """Whether somebody still waits for something of this visit."""
    found = select(DropRow.drop_id).where(
        DropRow.visit_id == visit_id, DropRow.state == DropState.ASSIGNED
    )
    return tx.first(found.limit(1)) is not None


def order_ids_of_visit(tx: Tx, visit_id: str) -> list[str]:
    """The orders that a visit is about; withdrawn ones are not told of."""
    rows = tx.all(
        select(DropRow.order_id)
        .where(DropRow.visit_id == visit_id, DropRow.state != DropState.WITHDRAWN)
        .order_by(DropRow.drop_id)
    )
    return [row.order_id for row in rows]


def counts(
    tx: Tx, community_ids: Sequence[str], now: datetime, today: datetime, overstay_s: int
) -> DeliveryCounts:
    """Numbers of now; `today` is when the local day began."""
    long_ago = now - timedelta(seconds=overstay_s)
    visits = select(
        sql.count(case((VisitRow.state == VisitState.EXPECTED, 1))).label("expected"),
        sql.count(case((VisitRow.state == VisitState.INSIDE, 1))).label("inside"),
        sql.count(case((VisitRow.entered_at < long_ago, 1))).label("overstayed"),
    ).where(VisitRow.state.in_(OPEN_STATES), VisitRow.community_id.in_(community_ids))
    delivered = select(sql.count()).where(
        DropRow.state == DropState.DELIVERED,
        DropRow.delivered_at >= today,
        DropRow.community_id.in_(community_ids),
    )
    row = tx.first(visits)
    assert row is not None
    return DeliveryCounts(**row._mapping, delivered_today=tx.scalar(delivered))


def _with_drops(
    tx: Tx, rows: Sequence[Row[Any]], now: datetime, overstay_after_s: int
) -> list[VisitView]:
    if not rows:
        return []
    drops: dict[str, list[DropView]] = defaultdict(list)
    of_these = DropRow.visit_id.in_([row.visit_id for row in rows])
    for row in tx.all(select(DropRow.__table__).where(of_these).order_by(DropRow.drop_id)):
        drops[row.visit_id].append(drop_view(row))
    return [_visit_view(row, drops[row.visit_id], now, overstay_after_s) for row in rows]


def _visit_view(
    row: Row[Any], drops: list[DropView], now: datetime, overstay_after_s: int
) -> VisitView:
    late = overstayed(row.entered_at, row.left_at, now, overstay_after_s)
    return VisitView.model_validate({**row._mapping, "drops": drops, "overstayed": late})
