"""Reads of property fee bills and payments: rows in, contract views out."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, bindparam, select

from services.contracts.fees import (
    DebtorKind,
    FeeBillsQuery,
    FeeBillState,
    FeeBillView,
    FeePaymentsQuery,
    FeePaymentState,
    FeePaymentView,
    FeeWay,
)
from services.contracts.settlement import OwnerKind
from services.kernel.db import Tx
from services.kernel.errors import Malformed
from services.kernel.wire import Page
from services.settlement.domain.days import bounds
from services.settlement.domain.fees import TO_TELL
from services.settlement.tables import PaymentRow
from services.settlement.tables_fees import FeeBillRow, FeeCursorRow, FeePaymentRow

_BILLS = select(FeeBillRow.__table__).where(
    FeeBillRow.bill_id.in_(bindparam("bills", expanding=True))
)
_WITH_BILL = select(
    FeePaymentRow.__table__,
    FeeBillRow.external_number,
    FeeBillRow.debtor_kind,
    FeeBillRow.debtor_id,
    FeeBillRow.title,
    FeeBillRow.period,
    FeeBillRow.due_day,
).join(FeeBillRow, FeeBillRow.bill_id == FeePaymentRow.bill_id)
_PAYMENT = _WITH_BILL.where(FeePaymentRow.fee_payment_id == bindparam("fee_payment"))
_PARTS = _WITH_BILL.where(FeePaymentRow.payment_id == bindparam("payment"))
_DUE = (
    _WITH_BILL.where(
        FeePaymentRow.next_try_at <= bindparam("now"),
        FeePaymentRow.state.in_(TO_TELL),
    )
    .order_by(FeePaymentRow.next_try_at)
    .limit(bindparam("most"))
)
_OPENED = select(PaymentRow.__table__).where(PaymentRow.payment_id == bindparam("payment"))
_CURSOR = select(FeeCursorRow.cursor).where(FeeCursorRow.system == bindparam("system"))


def bill_rows(tx: Tx, bill_ids: Iterable[str]) -> list[Row[Any]]:
    """Those of the bills that are there."""
    wanted = sorted(set(bill_ids))
    return tx.all(_BILLS, {"bills": wanted}) if wanted else []


def bill_row(tx: Tx, bill_id: str) -> Row[Any] | None:
    """The bill, or None."""
    return next(iter(bill_rows(tx, [bill_id])), None)


def payment_row(tx: Tx, fee_payment_id: str) -> Row[Any] | None:
    """The act of paying, with its bill's number, debtor and words; or None."""
    return tx.first(_PAYMENT, {"fee_payment": fee_payment_id})


def parts_of(tx: Tx, payment_id: str) -> list[Row[Any]]:
    """The acts of paying that one payment pays for."""
    return tx.all(_PARTS, {"payment": payment_id})


def opened_payment(tx: Tx, payment_id: str) -> Row[Any] | None:
    """The payment through which bills are being paid."""
    return tx.first(_OPENED, {"payment": payment_id})


def payments_to_tell(tx: Tx, now: datetime, most: int) -> list[Row[Any]]:
    """What the fee system is due to hear, the longest due first."""
    return tx.all(_DUE, {"now": now, "most": most})


def cursor_of(tx: Tx, system: str) -> str:
    """How far the feed of a fee system was read; `""` when it never was."""
    return str(tx.scalar(_CURSOR, {"system": system}) or "")


def bills(tx: Tx, query: FeeBillsQuery, today: date) -> Page[FeeBillView]:
    """A page: what is to be paid first, the oldest first; then what is over, the newest first."""
    statement = select(FeeBillRow.__table__).order_by(FeeBillRow.place, FeeBillRow.bill_id)
    for column, value in (
        (FeeBillRow.debtor_kind, query.debtor_kind),
        (FeeBillRow.debtor_id, query.debtor_id),
        (FeeBillRow.state, query.state),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if query.after is not None:
        place, bill_id = _cursor(query.after)
        statement = statement.where(
            (FeeBillRow.place > place)
            | ((FeeBillRow.place == place) & (FeeBillRow.bill_id > bill_id))
        )
    rows = tx.all(statement.limit(query.limit + 1))
    last = rows[query.limit - 1] if len(rows) > query.limit else None
    return Page(
        items=[bill_view(row, today) for row in rows[: query.limit]],
        next_after=None if last is None else f"{last.place}.{last.bill_id}",
    )


def payments(tx: Tx, query: FeePaymentsQuery) -> Page[FeePaymentView]:
    """A page of acts of paying, newest first."""
    statement = _WITH_BILL.order_by(FeePaymentRow.fee_payment_id.desc())
    for column, value in (
        (FeePaymentRow.bill_id, query.bill_id),
        (FeePaymentRow.community_id, query.community_id),
        (FeePaymentRow.state, query.state),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if query.day is not None:
        first, end = bounds(query.day)
        statement = statement.where(FeePaymentRow.paid_at >= first, FeePaymentRow.paid_at < end)
    if query.after is not None:
        statement = statement.where(FeePaymentRow.fee_payment_id < query.after)
    rows = tx.all(statement.limit(query.limit + 1))
    more = len(rows) > query.limit
    return Page(
        items=[payment_view(row) for row in rows[: query.limit]],
        next_after=rows[query.limit - 1].fee_payment_id if more else None,
    )


def bill_view(row: Row[Any], today: date) -> FeeBillView:
    """A bill for people; overdue when it is unpaid after its last day."""
    state = FeeBillState(row.state)
    return FeeBillView(
        bill_id=row.bill_id,
        external_number=row.external_number,
        debtor_kind=DebtorKind(row.debtor_kind),
        debtor_id=row.debtor_id,
        community_id=row.community_id,
        title=row.title,
        period=row.period,
        amount_fen=row.amount_fen,
        due_day=row.due_day,
        state=state,
        overdue=state is FeeBillState.OPEN and row.due_day < today,
        paid_at=row.paid_at,
        fee_payment_id=row.fee_payment_id,
    )


def payment_view(row: Row[Any]) -> FeePaymentView:
    """An act of paying for people."""
    return FeePaymentView(
        fee_payment_id=row.fee_payment_id,
        bill_id=row.bill_id,
        amount_fen=row.amount_fen,
        way=FeeWay(row.way),
        state=FeePaymentState(row.state),
        owner_kind=OwnerKind(row.owner_kind),
        owner_id=row.owner_id,
        paid_by=row.paid_by,
        at=row.paid_at or row.opened_at,
        receipt_number=row.receipt_number or "",
        note=row.last_error or row.reason,
        external_number=row.external_number,
    )


def _cursor(after: str) -> tuple[int, str]:
    place, _, bill_id = after.partition(".")
    try:
        return int(place), bill_id
    except ValueError:
        raise Malformed(fields={"after": "not a cursor of this list"}) from None
