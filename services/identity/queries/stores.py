"""Stores as residents see them, and merchants as staff do."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, Select, and_, case, literal, or_, select

from services.contracts.identity import (
    Certification,
    MerchantsQuery,
    MerchantView,
    NoSuchStore,
    StoresQuery,
    StoreView,
)
from services.identity.domain.certification import standing
from services.identity.domain.places import distance_m
from services.identity.queries.places import place_of_building
from services.identity.tables import (
    CertificationRow,
    MerchantRow,
    StoreCommunityRow,
    StoreRow,
)
from services.kernel.db import Tx
from services.kernel.errors import Malformed
from services.kernel.wire import Page

SAME_BUILDING, ELSEWHERE = -1, 10**18
"""Before every distance, and after every distance: a place on another plan has none."""

_STORES = select(
    StoreRow.store_id,
    StoreRow.merchant_id,
    StoreRow.community_id,
    StoreRow.building_id,
    StoreRow.name,
    StoreRow.kind,
    StoreRow.description,
    StoreRow.address,
    StoreRow.phone,
    StoreRow.picture,
    StoreRow.x_m,
    StoreRow.y_m,
    CertificationRow.state,
    CertificationRow.until,
    CertificationRow.by_name,
).outerjoin(CertificationRow, CertificationRow.subject_id == StoreRow.store_id)


def stores(tx: Tx, query: StoresQuery, now: datetime) -> Page[StoreView]:
    """A page of the certified stores that serve a community, the nearest first."""
    near = place_of_building(tx, query.near_building_id) if query.near_building_id else None
    rank = _rank(near, query.near_building_id)
    found = (
        _STORES.add_columns(rank.label("place_rank"))
        .join(StoreCommunityRow, StoreCommunityRow.store_id == StoreRow.store_id)
        .where(
            StoreCommunityRow.community_id == query.community_id,
            CertificationRow.state == Certification.CERTIFIED,
            CertificationRow.until > now,
        )
        .order_by("place_rank", StoreRow.store_id)
    )
    if query.kind is not None:
        found = found.where(StoreRow.kind == query.kind)
    rows = tx.all(_after(found, rank, query.after).limit(query.limit + 1))
    shown = rows[: query.limit]
    last = shown[-1] if len(rows) > query.limit else None
    return Page[StoreView](
        items=_views(tx, shown, now, near, query.near_building_id),
        next_after=f"{last.place_rank}:{last.store_id}" if last else None,
    )


def _rank(near: Row[Any] | None, building_id: str | None) -> ColumnElement[int]:
    """The square of the distance: it sorts alike, and is a whole number."""
    if near is None:
        return literal(0, BigInteger)
    dx, dy = StoreRow.x_m - near.x_m, StoreRow.y_m - near.y_m
    return case(
        (StoreRow.building_id == building_id, SAME_BUILDING),
        (StoreRow.community_id == near.community_id, dx * dx + dy * dy),
        else_=ELSEWHERE,
    )


def _after(found: Select[Any], rank: ColumnElement[int], after: str | None) -> Select[Any]:
    if after is None:
        return found
    last_rank, _, store_id = after.partition(":")
    if not last_rank.removeprefix("-").isdecimal():
        raise Malformed(fields={"after": "not a page of this list"})
    same_rank = and_(rank == int(last_rank), StoreRow.store_id > store_id)
    return found.where(or_(rank > int(last_rank), same_rank))


def store(tx: Tx, store_id: str, now: datetime) -> StoreView:
    """One store, certified or not; NoSuchStore where there is none."""
    found = stores_by_id(tx, [store_id], now)
    if not found:
        raise NoSuchStore
    return found[0]


def stores_by_id(tx: Tx, store_ids: Sequence[str], now: datetime) -> list[StoreView]:
    """The stores that there are, in the order they were asked for."""
    if not store_ids:
        return []
    rows = tx.all(_STORES.where(StoreRow.store_id.in_(store_ids)))
    known = {view.store_id: view for view in _views(tx, rows, now)}
    return [known[store_id] for store_id in dict.fromkeys(store_ids) if store_id in known]


def merchants(tx: Tx, query: MerchantsQuery, now: datetime) -> Page[MerchantView]:
    """A page of all merchants with their stores, the newest first."""
    found = select(
        MerchantRow.merchant_id,
        MerchantRow.name,
        MerchantRow.left_at,
        CertificationRow.state,
        CertificationRow.until,
        CertificationRow.by_name,
    ).outerjoin(CertificationRow, CertificationRow.subject_id == MerchantRow.merchant_id)
    if query.text:
        found = found.where(MerchantRow.name.contains(query.text, autoescape=True))
    if query.after:
        found = found.where(MerchantRow.merchant_id < query.after)
    rows = tx.all(found.order_by(MerchantRow.merchant_id.desc()).limit(query.limit + 1))
    shown = rows[: query.limit]
    theirs = _stores_of(tx, [row.merchant_id for row in shown], now)
    return Page[MerchantView](
        items=[_merchant(row, theirs[row.merchant_id], now) for row in shown],
        next_after=shown[-1].merchant_id if len(rows) > query.limit else None,
    )


def _merchant(row: Row[Any], stores: list[StoreView], now: datetime) -> MerchantView:
    return MerchantView(
        merchant_id=row.merchant_id,
        name=row.name,
        certification=standing(row.state, row.until, now),
        certified_by=row.by_name or "",
        certified_until=row.until,
        left_at=row.left_at,
        stores=stores,
    )


def _stores_of(tx: Tx, merchant_ids: Collection[str], now: datetime) -> dict[str, list[StoreView]]:
    by_merchant: dict[str, list[StoreView]] = defaultdict(list)
    if merchant_ids:
        theirs = _STORES.where(StoreRow.merchant_id.in_(merchant_ids))
        for view in _views(tx, tx.all(theirs.order_by(StoreRow.store_id)), now):
            by_merchant[view.merchant_id].append(view)
    return by_merchant


def _views(
    tx: Tx,
    rows: Sequence[Row[Any]],
    now: datetime,
    near: Row[Any] | None = None,
    building_id: str | None = None,
) -> list[StoreView]:
    served = _served(tx, [row.store_id for row in rows])
    return [
        StoreView(
            store_id=row.store_id,
            merchant_id=row.merchant_id,
            name=row.name,
            kind=row.kind,
            description=row.description,
            address=row.address,
            phone=row.phone,
            picture=row.picture,
            same_building=building_id is not None and row.building_id == building_id,
            distance_m=_distance(row, near),
            certification=standing(row.state, row.until, now),
            certified_by=row.by_name or "",
            certified_until=row.until,
            community_ids=served[row.store_id],
        )
        for row in rows
    ]


def _distance(row: Row[Any], near: Row[Any] | None) -> int | None:
    if near is None or row.community_id != near.community_id:
        return None
    return distance_m(row.x_m - near.x_m, row.y_m - near.y_m)


def _served(tx: Tx, store_ids: Sequence[str]) -> dict[str, list[str]]:
    served: dict[str, list[str]] = defaultdict(list)
    if store_ids:
        found = select(StoreCommunityRow.store_id, StoreCommunityRow.community_id)
        for row in tx.all(found.where(StoreCommunityRow.store_id.in_(store_ids))):
            served[row.store_id].append(row.community_id)
    return served
