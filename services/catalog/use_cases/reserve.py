"""Set pieces aside for one act of ordering."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from services.catalog import queries
from services.catalog.domain.reservation import SET_ASIDE, State
from services.catalog.domain.shelf import Offer, Reason, refusal, shortage, wanted_pieces
from services.catalog.stock import move_stock
from services.catalog.tables import ReservedLineRow
from services.contracts.catalog import (
    OutOfStock,
    ReservationOver,
    Reserve,
    ReservedLine,
    ReservedView,
)
from services.kernel import failpoints
from services.kernel.db import Database, Tx, is_duplicate
from services.kernel.errors import InvariantBroken, Malformed, Refused
from services.kernel.requests import RequestConflict

_INSERT_LINES = insert(ReservedLineRow)


def reserve(db: Database, command: Reserve, now: datetime, hold_max: timedelta) -> ReservedView:
    """Take the pieces off the shelf until `hold_until`, all or nothing, at the price that stands.

    The same reservation_id gives the first answer again, with the prices of then.
    """
    if command.hold_until > now + hold_max:
        raise Malformed(fields={"hold_until": f"more than {hold_max} from now"})
    wanted = wanted_pieces(command.lines)
    with db.transaction() as tx:
        offers = queries.offers(tx, wanted)
        refused = refusal(wanted, offers)
        if refused or not _claim_lines(tx, command, wanted, offers, now):
            return _answer_again(tx, command, wanted, refused)
        taken = {sku: -n for sku, n in wanted.items() if offers[sku].stock is not None}
        if not move_stock(tx, taken, Reason.RESERVE, command.reservation_id, now):
            raise _sold_meanwhile(tx, wanted)
        failpoints.hit("catalog.reserve.before_commit")
        tx.on_commit(lambda: failpoints.hit("catalog.reserve.after_commit"))
        return _answer(command, {sku: _line(offer, 0) for sku, offer in offers.items()})


def _claim_lines(
    tx: Tx, command: Reserve, wanted: Mapping[str, int], offers: Mapping[str, Offer], now: datetime
) -> bool:
    """Insert the lines; False when the reservation is there already (its key is the claim)."""
    rows = [
        _line(offers[sku_id], quantity).model_dump()
        | {
            "reservation_id": command.reservation_id,
            "line_no": line_no,
            "counted": offers[sku_id].stock is not None,
            "state": State.HELD,
            "hold_until": command.hold_until,
            "updated_at": now,
        }
        for line_no, (sku_id, quantity) in enumerate(wanted.items())
    ]
    try:
        tx.execute(_INSERT_LINES, rows)
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
        return False
    return True


def _answer_again(
    tx: Tx, command: Reserve, wanted: Mapping[str, int], refused: Refused | None
) -> ReservedView:
    """The first answer to the same wish; what is sold out by now may well be sold to this one."""
    earlier = queries.reserved_lines(tx, command.reservation_id)
    if not earlier:
        raise refused or InvariantBroken(f"reservation {command.reservation_id} came and went")
    if {sku_id: line.quantity for sku_id, (line, _) in earlier.items()} != wanted:
        raise RequestConflict(f"reservation {command.reservation_id} is for something else")
    if any(state not in SET_ASIDE for _, state in earlier.values()):
        raise ReservationOver
    return _answer(command, {sku_id: line for sku_id, (line, _) in earlier.items()})


def _sold_meanwhile(tx: Tx, wanted: Mapping[str, int]) -> OutOfStock:
    tx.connection.rollback()  # so that what we had taken ourselves is counted as being there
    left = queries.offers(tx, wanted)
    return OutOfStock(fields=shortage(wanted, {sku: offer.stock for sku, offer in left.items()}))


def _line(offer: Offer, quantity: int) -> ReservedLine:
    return ReservedLine(
        sku_id=offer.sku_id,
        item_id=offer.item_id,
        store_id=offer.store_id,
        item_name=offer.item_name,
        sku_name=offer.sku_name,
        kind=offer.kind,
        category=offer.category,
        picture=offer.picture,
        quantity=quantity,
        price_fen=offer.price_fen,
        gift_fen=offer.gift_fen,
    )


def _answer(command: Reserve, lines: Mapping[str, ReservedLine]) -> ReservedView:
    """The lines as they were asked for, a SKU that was asked for twice in two lines."""
    return ReservedView(
        reservation_id=command.reservation_id,
        lines=[
            lines[asked.sku_id].model_copy(update={"quantity": asked.quantity})
            for asked in command.lines
        ],
    )
