"""Set pieces aside for one act of ordering."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from services.catalog import queries, reserved
from services.catalog.domain.reservation import SET_ASIDE, State
from services.catalog.domain.shelf import Offer, Reason, refusal, shortage, wanted_pieces
from services.catalog.stock import move_stock
from services.contracts.catalog import OutOfStock, ReservationOver, Reserve, ReservedView
from services.kernel import failpoints
from services.kernel.db import Database, Tx
from services.kernel.errors import InvariantBroken, Malformed, Refused


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
        lines = {sku: reserved.line_of(offer, 0) for sku, offer in offers.items()}
        return reserved.answer(command.reservation_id, command.lines, lines)


def _claim_lines(
    tx: Tx, command: Reserve, wanted: Mapping[str, int], offers: Mapping[str, Offer], now: datetime
) -> bool:
    """Insert the lines; False when the reservation is there already."""
    return reserved.keep_lines(
        tx,
        command.reservation_id,
        {sku_id: reserved.line_of(offers[sku_id], n) for sku_id, n in wanted.items()},
        counted={sku_id for sku_id in wanted if offers[sku_id].stock is not None},
        state=State.HELD,
        hold_until=command.hold_until,
        now=now,
    )


def _answer_again(
    tx: Tx, command: Reserve, wanted: Mapping[str, int], refused: Refused | None
) -> ReservedView:
    """The first answer to the same wish; what is sold out by now may well be sold to this one."""
    earlier = queries.reserved_lines(tx, command.reservation_id)
    if not earlier:
        raise refused or InvariantBroken(f"reservation {command.reservation_id} came and went")
    lines = {sku_id: line for sku_id, (line, _) in earlier.items()}
    reserved.need_same_wish(command.reservation_id, lines, wanted)
    if any(state not in SET_ASIDE for _, state in earlier.values()):
        raise ReservationOver
    return reserved.answer(command.reservation_id, command.lines, lines)


def _sold_meanwhile(tx: Tx, wanted: Mapping[str, int]) -> OutOfStock:
    tx.connection.rollback()  # so that what we had taken ourselves is counted as being there
    left = queries.offers(tx, wanted)
    return OutOfStock(fields=shortage(wanted, {sku: offer.stock for sku, offer in left.items()}))
