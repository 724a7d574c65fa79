"""How a life of money has ended: nothing under way, and a digest of every row that matters."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from services.contracts.fees import FeePaymentState
from services.contracts.settlement import (
    CashState,
    PaymentState,
    RefundState,
)
from services.contracts.withdrawals import WithdrawalState
from services.kernel.db import Database, Tx
from services.kernel.schema import OUTBOX
from services.settlement.audit.books import trial_balance
from services.settlement.domain import accounts
from services.settlement.domain.channel import TradeState
from services.settlement.domain.fees import TO_TELL
from services.settlement.domain.holds import HoldState
from services.settlement.domain.payments import LIVE, Purpose
from services.settlement.domain.payouts import PayoutState
from services.settlement.domain.withdrawals import TOLD, UNDER_WAY, WAITING
from services.settlement.tables import (
    AccountRow,
    ChannelOrderRow,
    EscrowRow,
    HoldRow,
    NoticeRow,
    PaymentRow,
    RefundRow,
    TransferRow,
)
from services.settlement.tables_cards import CardRow
from services.settlement.tables_desk import CashRow
from services.settlement.tables_fees import FeeBillRow, FeePaymentRow
from services.settlement.tables_withdrawals import WithdrawalRow
from tests.support.fees import FakeFeeSystem
from tests.support.life.world import World

_ENDS = (
    (AccountRow, ("kind", "owner", "balance_fen")),
    (TransferRow, ("transfer_id", "kind", "reference", "at")),
    (HoldRow, ("hold_id", "state", "amount_fen", "posted_fen")),
    (PaymentRow, ("payment_id", "state", "amount_fen", "out_trade_no", "paid_at")),
    (ChannelOrderRow, ("out_trade_no", "state", "poll_count")),
    (EscrowRow, ("order_id", "state", "amount_fen", "resolved_at")),
    (CashRow, ("order_id", "state", "amount_fen")),
    (RefundRow, ("refund_id", "state", "amount_fen", "try_count", "done_at")),
    (WithdrawalRow, ("withdrawal_id", "state", "amount_fen", "try_count", "ended_at")),
    (CardRow, ("card_id", "state", "paid_in_fen", "returned_fen")),
    (FeeBillRow, ("bill_id", "state", "amount_fen")),
    (FeePaymentRow, ("fee_payment_id", "state", "amount_fen", "try_count")),
    (NoticeRow, ("subject", "outcome", "received_at")),
)
_UNDER_WAY = {
    "payments": (PaymentRow, (PaymentState.OPEN, PaymentState.CLOSING)),
    "channel orders": (ChannelOrderRow, LIVE),
    "refunds": (RefundRow, (RefundState.PENDING, RefundState.PROCESSING, RefundState.FAILED)),
    "withdrawals": (WithdrawalRow, (*WAITING, *UNDER_WAY)),
    "holds": (HoldRow, (HoldState.HELD,)),
    "couriers' cash": (CashRow, (CashState.COLLECTED,)),
    "fee payments": (FeePaymentRow, (FeePaymentState.WAITING, *TO_TELL)),
}


@dataclass(frozen=True)
class Ending:
    """How a life ended: figures for people, and a digest of every row that matters."""

    trial_balance: dict[str, int]
    rows: dict[str, int]
    digest: str


def held_fen(world: World) -> int:
    """What the ledger says of the money at the channel."""
    till = world.channel.till
    return -world.books.balance(accounts.clearing(till.channel, till.merchant_number))


def assert_nothing_under_way(world: World, fee_system: FakeFeeSystem) -> None:
    """Every state is final, and the same here as at the channel, at WeChat and at the fee system.

    Orders that nobody has completed or cancelled are still held: that is no step of settlement's.
    """
    trades, refunds = world.channel.trades.values(), world.channel.refunds.values()
    came_in = sum(trade.amount_fen for trade in trades if trade.state is TradeState.PAID)
    went = sum(refund.amount_fen for refund in refunds if refund.state is RefundState.DONE)
    assert held_fen(world) == came_in - went
    assert TradeState.UNPAID not in {trade.state for trade in trades}, "still to be paid"
    with world.db.reading() as tx:
        for what, (table, states) in _UNDER_WAY.items():
            assert _count(tx, table, *states) == 0, f"{what} are under way"
        _assert_refunds_agree(tx, world)
        _assert_payouts_agree(tx, world)
        _assert_fees_agree(tx, fee_system)


def assert_each_end_was_told_once(world: World) -> None:
    """Every event has a version of its own, and each end has its event."""
    with world.db.reading() as tx:
        envelopes = [json.loads(row.envelope) for row in tx.all(select(OUTBOX.c.envelope))]
        told = Counter(
            (one["name"], one["data"]["aggregate_id"], one["data"]["version"]) for one in envelopes
        )
        assert [key for key, times in told.items() if times > 1] == []
        names = Counter(one["name"] for one in envelopes)
        paid = (PaymentRow.state == PaymentState.PAID, PaymentRow.purpose == Purpose.ORDER)
        released = tx.scalar(select(func.coalesce(func.sum(EscrowRow.releases), 0)))
        assert names["payment.received"] == _where(tx, PaymentRow, *paid)
        assert names["escrow.released"] == released
        assert names["refund.completed"] == _count(tx, RefundRow, RefundState.DONE)
        ends = TOLD - {WithdrawalState.AWAITING_PAYEE}
        over = [one["data"] for one in envelopes if one["name"] == "withdrawal.changed"]
        ended = sum(one["state"] in ends for one in over)
        assert ended == _count(tx, WithdrawalRow, *ends)


def ending(db: Database) -> Ending:
    """The same for the same rows."""
    digest, rows = hashlib.sha256(), {}
    with db.reading() as tx:
        for table, names in _ENDS:
            columns = [getattr(table, name) for name in names]
            found = tx.all(select(*columns).order_by(*columns))
            digest.update(repr([tuple(row) for row in found]).encode())
            rows[str(table.__tablename__)] = len(found)
        return Ending(trial_balance(tx), rows, digest.hexdigest())


def _assert_refunds_agree(tx: Tx, world: World) -> None:
    """What the channel has paid back is booked as that, and nothing else is."""
    there = {
        number
        for number, refund in world.channel.refunds.items()
        if refund.state is RefundState.DONE
    }
    booked = select(TransferRow.refund_id).where(
        TransferRow.kind == "refund_paid_out",
        TransferRow.refund_id.in_(select(RefundRow.refund_id).where(RefundRow.channel == "wechat")),
    )
    assert {row.refund_id for row in tx.all(booked)} == there


def _assert_payouts_agree(tx: Tx, world: World) -> None:
    rows = tx.all(select(WithdrawalRow.withdrawal_id, WithdrawalRow.state, WithdrawalRow.way))
    ours = {row.withdrawal_id for row in rows if row.way == "wechat" and row.state == "done"}
    bills = world.payouts.bills.values()
    assert ours == {bill.out_bill_no for bill in bills if bill.state is PayoutState.DONE}


def _assert_fees_agree(tx: Tx, fee_system: FakeFeeSystem) -> None:
    rows = tx.all(select(FeePaymentRow.fee_payment_id, FeePaymentRow.state))
    stands = {row.fee_payment_id for row in rows if row.state == FeePaymentState.ACCEPTED}
    assert stands == fee_system.told.keys() - fee_system.undone.keys()


def _count(tx: Tx, table: Any, *states: str) -> int:
    return _where(tx, table, table.state.in_(states))


def _where(tx: Tx, table: Any, *conditions: Any) -> int:
    return int(tx.scalar(select(func.count()).select_from(table).where(*conditions)))
