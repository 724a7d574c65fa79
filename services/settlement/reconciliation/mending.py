"""What each action does to a difference, inside the transaction that keeps it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from services.contracts.orders import RefundTo
from services.contracts.reconciliation import DayState, DifferenceAction, DifferenceKind, NotThisWay
from services.contracts.settlement import Channel, InsufficientFunds
from services.kernel.db import Tx
from services.kernel.ids import derived_id
from services.settlement import ledger, locks
from services.settlement.domain import postings
from services.settlement.domain.accounts import Custodian
from services.settlement.domain.channel import Trade
from services.settlement.domain.payments import ChannelOrderState
from services.settlement.domain.postings import Source, Till
from services.settlement.reconciliation import bookings, days
from services.settlement.reconciliation.classify import Ours, effect_fen
from services.settlement.reconciliation.match import what_is_known
from services.settlement.reconciliation.walk import ON_NEIGHBOUR, line_of, on_neighbours
from services.settlement.tables import ChannelOrderRow
from services.settlement.tables_reconciliation import BillLineRow
from services.settlement.use_cases.begin_refund import RefundWish, insert_refund

CARRIED_ON = "结转到次日，次日对账时再找。"
WRONG_AMOUNT = "wrong_amount"
"""Why money goes back that came with another amount than was asked for."""

_LINE = select(BillLineRow.__table__).where(
    BillLineRow.day_id == bindparam("this_day"), BillLineRow.reference == bindparam("number")
)
_MARK_PAID = (
    update(ChannelOrderRow)
    .where(
        ChannelOrderRow.channel == bindparam("at_channel"),
        ChannelOrderRow.out_trade_no == bindparam("number"),
    )
    .values(
        state=ChannelOrderState.PAID,
        transaction_id=bindparam("transaction"),
        paid_at=bindparam("at"),
        next_poll_at=None,
    )
)


@dataclass(frozen=True, slots=True)
class Mend:
    """One person's act on one difference, and what the channel answered where it was asked."""

    tx: Tx
    till: Till
    day: Row[Any]
    difference: Row[Any]
    reason: str
    by: str
    now: datetime
    told_fen: int | None = None
    """What the channel says that the number has done to the money there."""
    trade: Trade | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """`said` goes before the person's reason; `gap_fen` is what still stands apart."""

    resolved: bool
    gap_fen: int
    said: str = ""
    booked_fen: int = 0


def asked(mend: Mend) -> Outcome:
    """The channel was asked and what it said is booked: the books fit now, or they do not."""
    row = mend.difference
    booked_fen = _ours(mend).booked_fen
    their_fen = _their_fen(mend.tx, row)
    fits_bill, fits_channel = their_fen == booked_fen, mend.told_fen == booked_fen
    said = "渠道的答复与我方一致。" if fits_channel else "渠道的答复与我方不一致，没有入账。"
    if fits_bill:
        said = "已按渠道的答复入账。"
    return Outcome(fits_bill or fits_channel, their_fen - booked_fen, said)


def book_unclaimed(mend: Mend) -> Outcome:
    """Money that nobody here may keep; it goes back by itself where we know what it was for."""
    row = mend.difference
    if _ours(mend).booked_fen != 0:
        raise NotThisWay("it is booked", fields={"actions": DifferenceAction.EXPLAIN})
    if row.kind == DifferenceKind.AMOUNT:
        _give_back(mend)
        return Outcome(True, 0, "已记为无主款，并已安排退回。")
    amount_fen = abs(row.their_fen)
    if row.is_refund:
        _need_unclaimed(mend, amount_fen)
        make = bookings.unknown_return
        said = "已从无主款中冲减。"
    else:
        make = bookings.unknown_receipt
        said = "已记为无主款，请在渠道后台退回。"
    transfer = make(mend.till, row.reference, amount_fen, mend.reason, mend.by)
    ledger.post(mend.tx, [transfer], mend.now)
    return Outcome(True, 0, said, booked_fen=row.their_fen)


def book_fee(mend: Mend) -> Outcome:
    """The fee is as high as the channel says."""
    row = mend.difference
    if not row.their_fen or _paid_by_the_shop(mend):
        return Outcome(True, 0)
    fee_fen = row.their_fen
    transfer = bookings.channel_fee(mend.till, row.difference_id, fee_fen, mend.reason, mend.by)
    ledger.post(mend.tx, [transfer], mend.now)
    return Outcome(True, 0, booked_fen=fee_fen)


def carry_over(mend: Mend) -> Outcome:
    """A neighbouring bill names it; or the next one is still to come, and will be held to it."""
    tx, row, day = mend.tx, mend.difference, mend.day
    if on_neighbours(tx, mend.till, day.day, [row.reference]):
        return Outcome(True, 0, ON_NEIGHBOUR)
    following = days.find(tx, days.day_id_of(mend.till, day.day + timedelta(days=1)))
    if following is None or following.state == DayState.WAITING:
        return Outcome(True, 0, CARRIED_ON)
    others = f"{DifferenceAction.ASK_CHANNEL}, {DifferenceAction.EXPLAIN}"
    raise NotThisWay("no neighbouring bill names it", fields={"actions": others})


def explain(mend: Mend) -> Outcome:
    """A person has looked; bill and books stay apart, with the words beside it."""
    return Outcome(True, mend.difference.gap_fen)


def _ours(mend: Mend) -> Ours:
    reference = mend.difference.reference
    return what_is_known(mend.tx, mend.till, [reference]).get(reference, Ours())


def _their_fen(tx: Tx, row: Row[Any]) -> int:
    line = tx.first(_LINE, {"this_day": row.day_id, "number": row.reference})
    return 0 if line is None else effect_fen(line_of(line))


def _need_unclaimed(mend: Mend, amount_fen: int) -> None:
    account_id = mend.till.unclaimed.account_id
    locks.account_for_update(mend.tx, account_id)
    if ledger.summed_balance_fen(mend.tx, account_id) < amount_fen:
        raise InsufficientFunds("there is less unclaimed money than that")


def _give_back(mend: Mend) -> None:
    """What came with another amount than was asked for, of a channel order that is ours."""
    tx, row, trade = mend.tx, mend.difference, mend.trade
    rows = locks.channel_order_for_update(tx, mend.till.channel, row.reference)
    if trade is None or mend.told_fen != row.their_fen or not rows:
        others = f"{DifferenceAction.ASK_CHANNEL}, {DifferenceAction.EXPLAIN}"
        raise NotThisWay("the channel itself names another amount", fields={"actions": others})
    order = rows[0]
    custodian = Custodian.CHANNEL if order.sub_merchant else Custodian.PROPERTY
    source = Source(replace(mend.till, custodian=custodian), row.reference, order.payment_id)
    wish = RefundWish(
        refund_id=derived_id("refund", mend.till.channel, row.reference),
        source=source,
        order_id=None,
        household_id=order.household_id,
        payer_account_id=order.payer_account_id,
        amount_fen=row.their_fen,
        total_fen=row.their_fen,
        to=RefundTo.CHANNEL,
        reason=WRONG_AMOUNT,
        asked_by=mend.by,
    )
    paid = {"at_channel": mend.till.channel, "number": row.reference}
    tx.execute(
        _MARK_PAID,
        {**paid, "transaction": trade.transaction_id, "at": trade.paid_at or mend.now},
    )
    insert_refund(tx, wish, mend.now)
    ledger.post(
        tx,
        [
            postings.unclaimed_receipt(source, row.their_fen, WRONG_AMOUNT),
            postings.refund_begun(wish.way, source.till, source.till.unclaimed),
        ],
        mend.now,
    )


def _paid_by_the_shop(mend: Mend) -> bool:
    """True where the shop's own sub-merchant has received, and so has paid the fee."""
    line = mend.tx.first(
        _LINE, {"this_day": mend.difference.day_id, "number": mend.difference.reference}
    )
    if line is None:
        return False
    sub_merchant = mend.tx.scalar(
        select(ChannelOrderRow.sub_merchant).where(
            ChannelOrderRow.channel == Channel(mend.till.channel),
            ChannelOrderRow.out_trade_no == line.out_trade_no,
        )
    )
    return bool(sub_merchant)
