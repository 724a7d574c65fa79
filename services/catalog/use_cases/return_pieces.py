"""Pieces that a buyer brought back are for sale again."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from services.catalog import queries
from services.catalog.domain.shelf import Reason, not_for_sale, wanted_pieces
from services.catalog.stock import move_stock
from services.catalog.tables import StockMovementRow
from services.contracts.catalog import NoSuchItem, ReturnPieces
from services.kernel.db import Database, Tx, is_duplicate
from services.kernel.requests import RequestConflict
from services.kernel.wire import Done


def return_pieces(db: Database, command: ReturnPieces, now: datetime) -> Done:
    """Put the pieces back, once for each return_id: the movements' key is the claim.

    An unlimited SKU has its movement too: a repeat after its count would add to it otherwise.
    RequestConflict when the same return_id is said of other pieces, NoSuchItem for unknown SKUs.
    """
    pieces = wanted_pieces(command.lines)
    with db.transaction() as tx:
        try:
            known = move_stock(tx, pieces, Reason.RETURN, command.return_id, now)
        except IntegrityError as error:
            if not is_duplicate(error):
                raise
            _need_same_pieces(tx, command.return_id, pieces)
            return Done()
        if not known:
            raise not_for_sale(pieces, queries.offers(tx, pieces)) or NoSuchItem()
        return Done()


def _need_same_pieces(tx: Tx, return_id: str, pieces: Mapping[str, int]) -> None:
    returned = select(StockMovementRow.sku_id, StockMovementRow.delta).where(
        StockMovementRow.sku_id.in_(list(pieces)),
        StockMovementRow.reference == return_id,
        StockMovementRow.reason == Reason.RETURN,
    )
    if {row.sku_id: row.delta for row in tx.all(returned)} != pieces:
        raise RequestConflict(f"return {return_id} was of something else")
