"""Reads of the shelf: rows in, contracts out."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, or_, select

from services.catalog.domain.reservation import State
from services.catalog.domain.shelf import Offer
from services.catalog.tables import ItemRow, ReservedLineRow, SkuRow
from services.contracts.catalog import (
    CatalogCounts,
    Fulfilment,
    ItemKind,
    ItemsQuery,
    ItemView,
    NoSuchItem,
    ReservedLine,
    SkuLine,
    SkuLinesView,
    SkuView,
)
from services.kernel.db import Tx
from services.kernel.errors import Malformed
from services.kernel.wire import Page

_OFFERS = select(
    SkuRow.sku_id,
    SkuRow.item_id,
    ItemRow.store_id,
    ItemRow.name.label("item_name"),
    SkuRow.name.label("sku_name"),
    ItemRow.kind,
    ItemRow.category,
    ItemRow.picture,
    SkuRow.price_fen,
    SkuRow.gift_fen,
    SkuRow.stock,
    SkuRow.unlimited,
    (ItemRow.on_shelf & ~SkuRow.retired).label("on_shelf"),
    ItemRow.fulfilments,
    ItemRow.slot_minutes,
    ItemRow.slot_capacity,
).join(ItemRow, ItemRow.item_id == SkuRow.item_id)
_OFFERS_BY_ID = _OFFERS.where(SkuRow.sku_id.in_(bindparam("skus", expanding=True)))

_ITEMS = select(
    ItemRow.item_id,
    ItemRow.store_id,
    ItemRow.category,
    ItemRow.kind,
    ItemRow.name,
    ItemRow.description,
    ItemRow.picture,
    ItemRow.on_shelf,
    ItemRow.sort,
    ItemRow.fulfilments,
    ItemRow.slot_minutes,
    ItemRow.slot_capacity,
)


def offers(tx: Tx, sku_ids: Collection[str]) -> dict[str, Offer]:
    """The SKUs as they can be bought now, by id; unknown ones are left out."""
    rows = tx.all(_OFFERS_BY_ID, {"skus": list(sku_ids)})
    return {row.sku_id: _offer(row) for row in rows}


def _offer(row: Row[Any]) -> Offer:
    return Offer(
        sku_id=row.sku_id,
        item_id=row.item_id,
        store_id=row.store_id,
        item_name=row.item_name,
        sku_name=row.sku_name,
        kind=ItemKind(row.kind),
        category=row.category,
        picture=row.picture,
        price_fen=row.price_fen,
        stock=None if row.unlimited else row.stock,
        on_shelf=bool(row.on_shelf),
        gift_fen=row.gift_fen,
        fulfilments=[Fulfilment(way) for way in row.fulfilments],
        slot_minutes=row.slot_minutes,
        slot_capacity=row.slot_capacity,
    )


def sku_lines(tx: Tx, sku_ids: Collection[str]) -> SkuLinesView:
    """The SKUs that are known, in the order they were asked for."""
    known = offers(tx, sku_ids)
    wanted = [known[sku_id] for sku_id in dict.fromkeys(sku_ids) if sku_id in known]
    return SkuLinesView(lines=[SkuLine.model_validate(o, from_attributes=True) for o in wanted])


def item(tx: Tx, item_id: str) -> ItemView:
    """One item with the SKUs it offers; NoSuchItem where there is none."""
    row = tx.first(_ITEMS.where(ItemRow.item_id == item_id))
    if row is None:
        raise NoSuchItem
    return _with_skus(tx, [row])[0]


def items(tx: Tx, query: ItemsQuery) -> Page[ItemView]:
    """A page of items, by their shops' sort order, in two statements."""
    found = _ITEMS.where(*_conditions(query)).order_by(ItemRow.sort, ItemRow.item_id)
    rows = tx.all(_after(found, query.after).limit(query.limit + 1))
    shown = rows[: query.limit]
    last = shown[-1] if len(rows) > query.limit else None
    return Page[ItemView](
        items=_with_skus(tx, shown), next_after=f"{last.sort}:{last.item_id}" if last else None
    )


def _conditions(query: ItemsQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.store_ids:
        conditions.append(ItemRow.store_id.in_(query.store_ids))
    if query.category:
        conditions.append(ItemRow.category == query.category)
    if query.text:
        conditions.append(ItemRow.name.contains(query.text, autoescape=True))
    if not query.all_states:
        conditions.append(ItemRow.on_shelf.is_(True))
    return conditions


def _after(found: Select[Any], after: str | None) -> Select[Any]:
    if after is None:
        return found
    sort, _, item_id = after.partition(":")
    if not sort.removeprefix("-").isdecimal():
        raise Malformed(fields={"after": "not a page of this list"})
    later = and_(ItemRow.sort == int(sort), ItemRow.item_id > item_id)
    return found.where(or_(ItemRow.sort > int(sort), later))


def _with_skus(tx: Tx, rows: Sequence[Row[Any]]) -> list[ItemView]:
    if not rows:
        return []
    skus = (
        select(
            SkuRow.item_id,
            SkuRow.sku_id,
            SkuRow.name,
            SkuRow.price_fen,
            SkuRow.gift_fen,
            SkuRow.stock,
            SkuRow.unlimited,
        )
        .where(SkuRow.item_id.in_([row.item_id for row in rows]), SkuRow.retired.is_(False))
        .order_by(SkuRow.item_id, SkuRow.position)
    )
    by_item: dict[str, list[SkuView]] = defaultdict(list)
    for sku in tx.all(skus):
        by_item[sku.item_id].append(_sku_view(sku))
    return [ItemView(**row._mapping, skus=by_item[row.item_id]) for row in rows]


def _sku_view(sku: Row[Any]) -> SkuView:
    return SkuView(
        sku_id=sku.sku_id,
        name=sku.name,
        price_fen=sku.price_fen,
        stock=None if sku.unlimited else sku.stock,
        gift_fen=sku.gift_fen,
    )


def sku(tx: Tx, sku_id: str) -> tuple[str, SkuView]:
    """The store of a SKU, and the SKU; NoSuchItem where there is none."""
    row = tx.first(_OFFERS.where(SkuRow.sku_id == sku_id))
    if row is None:
        raise NoSuchItem
    view = SkuView(
        sku_id=row.sku_id,
        name=row.sku_name,
        price_fen=row.price_fen,
        stock=None if row.unlimited else row.stock,
        gift_fen=row.gift_fen,
    )
    return row.store_id, view


def reserved_lines(tx: Tx, reservation_id: str) -> dict[str, tuple[ReservedLine, State]]:
    """What a reservation set aside and what has become of it, by SKU."""
    rows = tx.all(
        select(ReservedLineRow)
        .with_only_columns(*ReservedLineRow.__table__.columns)
        .where(ReservedLineRow.reservation_id == reservation_id)
    )
    return {
        row.sku_id: (ReservedLine.model_validate(dict(row._mapping)), State(row.state))
        for row in rows
    }


def overdue_reservations(tx: Tx, now: datetime, limit: int) -> list[str]:
    """Reservations with lines that nobody committed or released in time, the oldest first."""
    due = (
        select(ReservedLineRow.reservation_id)
        .where(ReservedLineRow.state == State.HELD, ReservedLineRow.hold_until < now)
        .group_by(ReservedLineRow.reservation_id)
        .order_by(func.min(ReservedLineRow.hold_until))
        .limit(limit)
    )
    return [row.reservation_id for row in tx.all(due)]


def counts(tx: Tx) -> CatalogCounts:
    """Numbers for the overview, in one statement."""
    items = select(func.count()).select_from(ItemRow)
    sold_out = (
        select(func.count())
        .select_from(SkuRow)
        .join(ItemRow, ItemRow.item_id == SkuRow.item_id)
        .where(
            ItemRow.on_shelf.is_(True),
            SkuRow.retired.is_(False),
            SkuRow.unlimited.is_(False),
            SkuRow.stock == 0,
        )
    )
    row = tx.first(
        select(
            items.scalar_subquery(),
            items.where(ItemRow.on_shelf.is_(True)).scalar_subquery(),
            sold_out.scalar_subquery(),
        )
    )
    in_all, on_shelf, without_stock = row or (0, 0, 0)
    return CatalogCounts(items=in_all, items_on_shelf=on_shelf, skus_sold_out=without_stock)
