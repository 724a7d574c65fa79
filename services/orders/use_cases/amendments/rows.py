"""How amendments are written: in the transaction that has their order locked."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import delete, insert, update

from services.contracts.orders import OrderLineView
from services.kernel.db import Tx
from services.orders.domain.amendment import Amendment
from services.orders.domain.order import Order
from services.orders.tables import LINES_A_REVISION, AdjustmentRow, LineRow
from services.orders.tables_amendments import AmendmentRow
from services.orders.tables_beside import SeatRow

_FIELDS = [field.name for field in fields(Amendment)]


def insert_amendment(tx: Tx, amendment: Amendment) -> None:
    """A new one."""
    tx.execute(insert(AmendmentRow), asdict(amendment))


def keep_amendment(tx: Tx, before: Amendment, after: Amendment) -> None:
    """Write what has changed."""
    values = {
        name: getattr(after, name)
        for name in _FIELDS
        if getattr(before, name) != getattr(after, name)
    }
    if values:
        one = update(AmendmentRow).where(AmendmentRow.amendment_id == after.amendment_id)
        tx.execute(one.values(values))


def insert_lines(tx: Tx, order: Order, lines: Sequence[OrderLineView]) -> None:
    """The lines of the order's present revision, with the promotions that they keep."""
    numbered = list(enumerate(lines, order.revision * LINES_A_REVISION))
    rows = [
        {"order_id": order.order_id, "line_no": no, **line.model_dump(exclude={"adjustments"})}
        for no, line in numbered
    ]
    tx.execute(insert(LineRow), rows)
    adjustments = [
        {
            "order_id": order.order_id,
            "line_no": line_no,
            "adjustment_no": adjustment_no,
            **adjustment.model_dump(),
        }
        for line_no, line in numbered
        for adjustment_no, adjustment in enumerate(line.adjustments)
    ]
    if adjustments:
        tx.execute(insert(AdjustmentRow), adjustments)


def leave_seat(tx: Tx, order_id: str, starts_at: datetime) -> None:
    """The order's seat at that time is for others again; one at another time it keeps."""
    tx.execute(delete(SeatRow).where(SeatRow.order_id == order_id, SeatRow.starts_at == starts_at))
