"""The lines of a reservation: kept once, answered again as they were."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from services.catalog.domain.reservation import State
from services.catalog.domain.shelf import Offer
from services.catalog.tables import ReservedLineRow
from services.contracts.catalog import ReservedLine, ReservedView, ReserveLine
from services.kernel.db import Tx, is_duplicate
from services.kernel.requests import RequestConflict

_INSERT_LINES = insert(ReservedLineRow)
_OFFERED = sorted(ReservedLine.model_fields.keys() - {"quantity"})


def line_of(offer: Offer, quantity: int) -> ReservedLine:
    """So many pieces as they are offered now."""
    return ReservedLine(quantity=quantity, **{name: getattr(offer, name) for name in _OFFERED})


def keep_lines(
    tx: Tx,
    reservation_id: str,
    lines: Mapping[str, ReservedLine],
    *,
    counted: Collection[str],
    state: State,
    hold_until: datetime,
    now: datetime,
) -> bool:
    """Insert the lines, numbered in SKU order; False when the reservation is there already (its
    key is the claim)."""
    rows = [
        lines[sku_id].model_dump()
        | {
            "reservation_id": reservation_id,
            "line_no": line_no,
            "counted": sku_id in counted,
            "state": state,
            "hold_until": hold_until,
            "updated_at": now,
        }
        for line_no, sku_id in enumerate(sorted(lines))
    ]
    try:
        tx.execute(_INSERT_LINES, rows)
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
        return False
    return True


def need_same_wish(
    reservation_id: str, kept: Mapping[str, ReservedLine], wanted: Mapping[str, int]
) -> None:
    """RequestConflict when the reservation was made for something else."""
    if {sku_id: line.quantity for sku_id, line in kept.items()} != wanted:
        raise RequestConflict(f"reservation {reservation_id} is for something else")


def answer(
    reservation_id: str, asked: Sequence[ReserveLine], lines: Mapping[str, ReservedLine]
) -> ReservedView:
    """The lines as they were asked for, a SKU that was asked for twice in two lines."""
    return ReservedView(
        reservation_id=reservation_id,
        lines=[lines[line.sku_id].model_copy(update={"quantity": line.quantity}) for line in asked],
    )
