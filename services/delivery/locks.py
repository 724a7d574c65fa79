"""Every FOR UPDATE of delivery, and the order in which rows are locked:

order mark → courier → visit → drop. `wrong_code` is locked alone.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.mysql import insert

from services.contracts.delivery import VisitState
from services.delivery.domain.passes import WrongCodes
from services.delivery.tables import CourierRow, DropRow, OrderMarkRow, VisitRow, WrongCodeRow
from services.kernel.db import Tx


def order_marked(
    tx: Tx, order_id: str, *, drop_id: str | None = None, withdrawn_at: datetime | None = None
) -> Row[Any]:
    """The order's mark, locked; made with the given values when there was none."""
    make = insert(OrderMarkRow).values(
        order_id=order_id, drop_id=drop_id, withdrawn_at=withdrawn_at
    )
    # An insert alone would leave a rival's uncommitted row unseen; this one waits for it.
    tx.execute(make.on_duplicate_key_update(order_id=order_id))
    row = tx.first(select(OrderMarkRow.__table__).where(OrderMarkRow.order_id == order_id))
    assert row is not None
    return row


def courier_for_update(tx: Tx, courier_id: str) -> Row[Any] | None:
    """The courier; assignments to one courier take turns, so that they join one visit."""
    return tx.first(
        select(CourierRow.__table__).where(CourierRow.courier_id == courier_id).with_for_update()
    )


def courier_of_account_for_update(tx: Tx, account_id: str) -> Row[Any] | None:
    """The courier who is this account."""
    return tx.first(
        select(CourierRow.__table__).where(CourierRow.account_id == account_id).with_for_update()
    )


def visit_for_update(tx: Tx, visit_id: str) -> Row[Any] | None:
    """The visit."""
    return tx.first(
        select(VisitRow.__table__).where(VisitRow.visit_id == visit_id).with_for_update()
    )


def expected_visit_for_update(tx: Tx, courier_id: str, community_id: str) -> Row[Any] | None:
    """The courier's open visit to a community, while it has not begun."""
    return tx.first(
        select(VisitRow.__table__)
        .where(
            VisitRow.courier_id == courier_id,
            VisitRow.state == VisitState.EXPECTED,
            VisitRow.community_id == community_id,
        )
        .order_by(VisitRow.visit_id.desc())
        .limit(1)
        .with_for_update()
    )


def drop_for_update(tx: Tx, drop_id: str) -> Row[Any] | None:
    """The drop."""
    return tx.first(select(DropRow.__table__).where(DropRow.drop_id == drop_id).with_for_update())


def wrong_codes_for_update(tx: Tx, account_id: str) -> WrongCodes:
    """A guard's wrong codes; checks by one account take turns, so that guesses cannot race."""
    make = insert(WrongCodeRow).values(account_id=account_id, in_a_row=0, last_at=None)
    tx.execute(make.on_duplicate_key_update(account_id=account_id))
    row = tx.first(
        select(WrongCodeRow.in_a_row, WrongCodeRow.last_at).where(
            WrongCodeRow.account_id == account_id
        )
    )
    assert row is not None
    return WrongCodes(row.in_a_row, row.last_at)
