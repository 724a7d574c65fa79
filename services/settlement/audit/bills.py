"""The money at a channel, line by line: what its bill says is what the clearing account says.

Matched day by day, so that memory is bounded by one day's lines however long the books are.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Row, func, select, tuple_

from services.contracts.settlement import Proof, RefundState
from services.kernel.db import Database, Tx
from services.kernel.errors import LinliError
from services.settlement.domain import accounts
from services.settlement.domain.channel import BillLine, PayChannel
from services.settlement.domain.days import bounds, day_of
from services.settlement.domain.payments import ChannelOrderState
from services.settlement.tables import ChannelOrderRow, EntryRow, RefundRow, TransferRow

BATCH = 500
DIFFERENCES_MAX = 20
BILL_OUT_AFTER = timedelta(hours=10)
"""The bill of a day is there at ten the next morning (document 「申请交易账单」)."""


def prove_bills(db: Database, channel: PayChannel, days: int, now: datetime) -> Proof:
    """Each payment and refund of the channel's last bills is in the ledger, and the other way."""
    matching = _Matching(db, channel, now)
    today = day_of(now)
    for back in reversed(range(days)):
        matching.match_day(today - timedelta(days=back))
        if len(matching.differences) >= DIFFERENCES_MAX:
            break
    name = f"bill.{channel.till.channel}"
    return Proof(
        name=name,
        statement=f"渠道账单（最近{days}天）与清算账户逐笔一致",
        holds=not matching.differences,
        checked=matching.checked,
        differences=matching.differences[:DIFFERENCES_MAX],
    )


class _Matching:
    """One channel's bills against its clearing account."""

    def __init__(self, db: Database, channel: PayChannel, now: datetime) -> None:
        self._db, self._channel, self._now = db, channel, now
        till = channel.till
        self._clearing = accounts.clearing(till.channel, till.merchant_number).account_id
        self.checked = 0
        self.differences: list[str] = []

    def match_day(self, day: date) -> None:
        """Compare one day both ways."""
        try:
            bill = self._channel.fetch_bill(day)
        except LinliError as error:
            self.differences.append(f"{day}: {error.message}")
            return
        seen: set[str] = set()
        for lines in _batches(bill or ()):
            self._match_lines(day, lines)
            seen.update(line.reference for line in lines)
        if bill is not None or self._now >= bounds(day)[1] + BILL_OUT_AFTER:
            self._find_missing(day, seen)

    def _match_lines(self, day: date, lines: list[BillLine]) -> None:
        with self._db.reading() as tx:
            booked = _booked_fen(tx, self._clearing, [line.reference for line in lines])
        for line in lines:
            ours_fen, theirs_fen = booked.get(line.reference, 0), _expected_fen(line)
            if ours_fen != theirs_fen:
                self.differences.append(
                    f"{day} {line.reference}: bill {theirs_fen}, ledger {ours_fen}"
                )
        self.checked += len(lines)

    def _find_missing(self, day: date, seen: set[str]) -> None:
        with self._db.reading() as tx:
            for reference in _known_references(tx, self._channel, day):
                if reference not in seen:
                    self.differences.append(f"{day} {reference}: only in the ledger")


def _expected_fen(line: BillLine) -> int:
    """What the line does to the clearing account."""
    if not line.out_refund_no:
        return -line.amount_fen
    return line.amount_fen if line.refund_state is RefundState.DONE else 0


def _batches(lines: Iterable[BillLine]) -> Iterator[list[BillLine]]:
    rest = iter(lines)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _booked_fen(tx: Tx, clearing_id: str, references: list[str]) -> dict[str, int]:
    rows = tx.all(
        select(TransferRow.reference, func.sum(EntryRow.amount_fen).label("booked_fen"))
        .join(EntryRow, EntryRow.transfer_id == TransferRow.transfer_id)
        .where(TransferRow.reference.in_(references), EntryRow.account_id == clearing_id)
        .group_by(TransferRow.reference)
    )
    return {row.reference: int(row.booked_fen) for row in rows}


def _known_references(tx: Tx, channel: PayChannel, day: date) -> Iterator[str]:
    """What the channel should have on the bill of a day, as we know it."""
    for column, number, others in (
        (
            ChannelOrderRow.paid_at,
            ChannelOrderRow.out_trade_no,
            ChannelOrderRow.state == ChannelOrderState.PAID,
        ),
        (RefundRow.asked_at, RefundRow.refund_id, RefundRow.state == RefundState.DONE),
    ):
        yield from _pages(tx, channel, day, column, number, others)


def _pages(
    tx: Tx, channel: PayChannel, day: date, column: Any, number: Any, others: Any
) -> Iterator[str]:
    first, end = bounds(day)
    owner = column.class_
    query = (
        select(column.label("at"), number.label("number"))
        .where(
            column >= first,
            column < end,
            others,
            owner.channel == channel.till.channel,
            owner.merchant_number == channel.till.merchant_number,
        )
        .order_by(column, number)
        .limit(BATCH)
    )
    page: list[Row[Any]] = tx.all(query)
    while page:
        yield from (row.number for row in page)
        last = page[-1]
        page = tx.all(query.where(tuple_(column, number) > (last.at, last.number)))
