"""Count the shelf."""

from datetime import datetime

from sqlalchemy import update

from services.catalog import locks, queries
from services.catalog.domain.shelf import Reason
from services.catalog.rights import need_work_at
from services.catalog.stock import move_stock
from services.catalog.tables import SkuRow
from services.contracts.catalog import SetStock, SkuView
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import InvariantBroken


def set_stock(db: Database, command: SetStock, actor: Actor, now: datetime) -> SkuView:
    """From now on `stock` pieces may be sold beyond those set aside; None is without limit."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, SkuView, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            store_id, sku = queries.sku(tx, command.sku_id)
            need_work_at(actor, store_id)
            _count(tx, command, now)
            claim.answer = sku.model_copy(update={"stock": command.stock})
        return claim.answer


def _count(tx: Tx, command: SetStock, now: datetime) -> None:
    before = locks.stock_for_update(tx, [command.sku_id])[command.sku_id]
    unlimited = command.stock is None
    if unlimited != before.unlimited:
        tx.execute(
            update(SkuRow).where(SkuRow.sku_id == command.sku_id).values(unlimited=unlimited)
        )
    if command.stock is not None:
        delta = {command.sku_id: command.stock - before.pieces}
        if not move_stock(tx, delta, Reason.COUNT, command.request_id, now):
            raise InvariantBroken(f"the locked stock of {command.sku_id} has changed")
