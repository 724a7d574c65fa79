"""Create an item or change it as a whole."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from services.catalog import locks, queries
from services.catalog.domain.shelf import Reason, check_skus, ways_offered
from services.catalog.rights import need_work_at
from services.catalog.stock import move_stock
from services.catalog.tables import ItemRow, SkuRow
from services.contracts.catalog import (
    Fulfilment,
    ItemView,
    NoSuchItem,
    NotYourShelf,
    PutItem,
    SkuSpec,
)
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx, is_duplicate
from services.kernel.errors import InvariantBroken

_CHANGE_SKU = (
    update(SkuRow)
    .where(SkuRow.sku_id == bindparam("known_sku"))
    .values(
        name=bindparam("new_name"),
        price_fen=bindparam("new_price"),
        gift_fen=bindparam("new_gift"),
        position=bindparam("new_position"),
        retired=False,
    )
)


def put_item(db: Database, command: PutItem, actor: Actor, now: datetime) -> ItemView:
    """Put the item as given on its store's shelf.

    SKUs that it no longer names are retired; the stock of those it knew already is left alone.
    """
    need_work_at(actor, command.store_id)
    check_skus(command.kind, command.skus)
    ways = ways_offered(command)
    specs = {spec.sku_id: spec for spec in command.skus}
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, ItemView, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            _write_item(tx, command, ways, now)
            _write_skus(tx, command, specs, now)
            claim.answer = queries.item(tx, command.item_id)
        return claim.answer


def _write_item(tx: Tx, command: PutItem, ways: list[Fulfilment], now: datetime) -> None:
    values = command.model_dump(exclude={"request_id", "skus"})
    values |= {"fulfilments": ways, "updated_at": now}
    try:
        tx.execute(insert(ItemRow).values(**values, created_at=now))
        return
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
    if locks.item_store_for_update(tx, command.item_id) != command.store_id:
        raise NotYourShelf
    tx.execute(update(ItemRow).where(ItemRow.item_id == command.item_id).values(**values))


def _write_skus(tx: Tx, command: PutItem, specs: dict[str, SkuSpec], now: datetime) -> None:
    known = _known_skus(tx, command.item_id, specs)
    added = [spec for spec in command.skus if spec.sku_id not in known]
    position = {spec.sku_id: index for index, spec in enumerate(command.skus)}
    kept = [_change(spec, position) for spec in command.skus if spec.sku_id in known]
    gone = sorted(known - specs.keys())
    if gone:
        tx.execute(update(SkuRow).where(SkuRow.sku_id.in_(gone)).values(retired=True))
    if kept:
        tx.execute(_CHANGE_SKU, kept)
    if added:
        tx.execute(insert(SkuRow), [_new(spec, command.item_id, position) for spec in added])
        stock = {spec.sku_id: spec.stock or 0 for spec in added}
        if not move_stock(tx, stock, Reason.COUNT, command.request_id, now):
            raise InvariantBroken("a SKU went as it was put on the shelf")


def _known_skus(tx: Tx, item_id: str, specs: dict[str, SkuSpec]) -> set[str]:
    """The SKUs of this item; NoSuchItem when one that is named belongs to another."""
    found = select(SkuRow.sku_id, SkuRow.item_id).where(
        SkuRow.sku_id.in_(list(specs)) | (SkuRow.item_id == item_id)
    )
    owners = {row.sku_id: row.item_id for row in tx.all(found)}
    foreign = {sku_id: "of another item" for sku_id in owners if owners[sku_id] != item_id}
    if foreign:
        raise NoSuchItem(fields=foreign)
    return set(owners)


def _change(spec: SkuSpec, position: dict[str, int]) -> dict[str, Any]:
    return {
        "known_sku": spec.sku_id,
        "new_name": spec.name,
        "new_price": spec.price_fen,
        "new_gift": spec.gift_fen,
        "new_position": position[spec.sku_id],
    }


def _new(spec: SkuSpec, item_id: str, position: dict[str, int]) -> dict[str, Any]:
    return {
        "sku_id": spec.sku_id,
        "item_id": item_id,
        "position": position[spec.sku_id],
        "name": spec.name,
        "price_fen": spec.price_fen,
        "gift_fen": spec.gift_fen,
        "stock": 0,  # the movement that follows brings the pieces
        "unlimited": spec.stock is None,
        "retired": False,
    }
