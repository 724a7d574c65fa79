"""Every row lock of settlement, and the order in which locks are taken.

channel order → payment → escrow → cash → card → refund → accounts in id order (ledger.py) →
new rows.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, bindparam, select

from services.contracts.settlement import Channel, EscrowState
from services.contracts.withdrawals import PayoutWay, WithdrawalState
from services.kernel.db import Tx
from services.settlement.escrow_columns import CASH_MISSING, ESCROW_COLUMNS
from services.settlement.tables import (
    AccountRow,
    AllocationRow,
    ChannelOrderRow,
    EscrowRow,
    PaymentRow,
    RefundRow,
)
from services.settlement.tables_desk import CashRow
from services.settlement.tables_fees import FeeBillRow
from services.settlement.tables_reconciliation import ReconciliationDayRow
from services.settlement.tables_withdrawals import PayoutAccountRow, WithdrawalRow

_CHANNEL_ORDER = (
    select(
        ChannelOrderRow.channel,
        ChannelOrderRow.out_trade_no,
        ChannelOrderRow.merchant_number,
        ChannelOrderRow.app_id,
        ChannelOrderRow.state.label("channel_order_state"),
        ChannelOrderRow.transaction_id,
        PaymentRow.payment_id,
        PaymentRow.state,
        PaymentRow.household_id,
        PaymentRow.payer_account_id,
        PaymentRow.amount_fen.label("payment_fen"),
        PaymentRow.community_id,
        PaymentRow.purpose,
        PaymentRow.fund_fen,
        PaymentRow.card_id,
        PaymentRow.card_fen,
        PaymentRow.gift_fen,
        PaymentRow.cover_count,
        ChannelOrderRow.amount_fen,
        ChannelOrderRow.sub_merchant,
        AllocationRow.order_id,
        AllocationRow.merchant_id,
        AllocationRow.amount_fen.label("allocated_fen"),
        AllocationRow.category,
        AllocationRow.subsidy_fen,
        AllocationRow.card_name,
        AllocationRow.card_gift_fen,
    )
    .join(PaymentRow, PaymentRow.payment_id == ChannelOrderRow.payment_id)
    .join(AllocationRow, AllocationRow.payment_id == PaymentRow.payment_id)
    .where(
        ChannelOrderRow.channel == bindparam("channel"),
        ChannelOrderRow.out_trade_no == bindparam("number"),
    )
    .order_by(AllocationRow.order_id)
    .with_for_update()
)
_PAYMENT = (
    select(PaymentRow.__table__)
    .where(PaymentRow.payment_id == bindparam("payment"))
    .with_for_update()
)
_ESCROW = (
    select(*ESCROW_COLUMNS)
    .where(EscrowRow.order_id == bindparam("order"))
    .with_for_update(of=EscrowRow)
)
_ESCROWS_DUE = (
    select(*ESCROW_COLUMNS)
    .where(
        EscrowRow.state == EscrowState.HELD,
        EscrowRow.completed_at.is_not(None),
        ~CASH_MISSING,
    )
    .order_by(EscrowRow.completed_at, EscrowRow.order_id)
    .limit(bindparam("most"))
    .with_for_update(of=EscrowRow, skip_locked=True)
)
_CASH = select(CashRow.__table__).where(CashRow.order_id == bindparam("order")).with_for_update()
_ACCOUNT = (
    select(AccountRow.account_id, AccountRow.balance_fen)
    .where(AccountRow.account_id == bindparam("account"))
    .with_for_update()
)
_REFUND = (
    select(RefundRow.__table__).where(RefundRow.refund_id == bindparam("refund")).with_for_update()
)


def channel_order_for_update(tx: Tx, channel: Channel, out_trade_no: str) -> list[Row[Any]]:
    """The channel order with its payment, a row for each allocation; empty when unknown."""
    return tx.all(_CHANNEL_ORDER, {"channel": channel, "number": out_trade_no})


def payment_for_update(tx: Tx, payment_id: str) -> Row[Any] | None:
    """The payment, or None."""
    return tx.first(_PAYMENT, {"payment": payment_id})


def escrow_for_update(tx: Tx, order_id: str) -> Row[Any] | None:
    """What is or was held for the order, or None."""
    return tx.first(_ESCROW, {"order": order_id})


def escrows_due_for_update(tx: Tx, most: int) -> list[Row[Any]]:
    """What is held for completed orders with nothing in the way; rows of a rival are left out."""
    return tx.all(_ESCROWS_DUE, {"most": most})


def refund_for_update(tx: Tx, refund_id: str) -> Row[Any] | None:
    """The refund, or None."""
    return tx.first(_REFUND, {"refund": refund_id})


def cash_for_update(tx: Tx, order_id: str) -> Row[Any] | None:
    """The cash to be collected for the order, or None."""
    return tx.first(_CASH, {"order": order_id})


def account_for_update(tx: Tx, account_id: str) -> int | None:
    """The kept balance of a guarded account, or None when it was never used."""
    row = tx.first(_ACCOUNT, {"account": account_id})
    return None if row is None else int(row.balance_fen or 0)


# withdrawals: the fund's account first when one is asked for, else withdrawals → holds → accounts

_WITHDRAWAL = (
    select(WithdrawalRow.__table__)
    .where(WithdrawalRow.withdrawal_id == bindparam("withdrawal"))
    .with_for_update()
)
_FOR_THE_BANK = (
    select(WithdrawalRow.__table__)
    .where(
        WithdrawalRow.state == WithdrawalState.TO_PAY,
        WithdrawalRow.way == PayoutWay.BANK,
    )
    .order_by(WithdrawalRow.withdrawal_id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_OF_BATCH = (
    select(WithdrawalRow.__table__)
    .where(WithdrawalRow.batch_id == bindparam("batch"))
    .order_by(WithdrawalRow.withdrawal_id)
    .with_for_update()
)
_PAYOUT_ACCOUNT = (
    select(PayoutAccountRow.__table__)
    .where(PayoutAccountRow.row_id == bindparam("row"))
    .with_for_update()
)


def withdrawal_for_update(tx: Tx, withdrawal_id: str) -> Row[Any] | None:
    """The withdrawal, or None."""
    return tx.first(_WITHDRAWAL, {"withdrawal": withdrawal_id})


def bank_withdrawals_for_update(tx: Tx, most: int) -> list[Row[Any]]:
    """Those that wait for a bank file, oldest first; what somebody else has locked is left out."""
    return tx.all(_FOR_THE_BANK, {"most": most})


def batch_for_update(tx: Tx, batch_id: str) -> list[Row[Any]]:
    """The withdrawals of a bank file, oldest first."""
    return tx.all(_OF_BATCH, {"batch": batch_id})


def payout_account_for_update(tx: Tx, row_id: str) -> Row[Any] | None:
    """Where a fund's money goes by bank, or None."""
    return tx.first(_PAYOUT_ACCOUNT, {"row": row_id})


# property fees: payment → bills in id order → accounts; a fee payment changes only under its bill

_FEE_BILLS = (
    select(FeeBillRow.__table__)
    .where(FeeBillRow.bill_id.in_(bindparam("bills", expanding=True)))
    .order_by(FeeBillRow.bill_id)
    .with_for_update()
)


def fee_bills_for_update(tx: Tx, bill_ids: Iterable[str]) -> list[Row[Any]]:
    """Those of the bills that are there, in id order."""
    wanted = sorted(set(bill_ids))
    return tx.all(_FEE_BILLS, {"bills": wanted}) if wanted else []


_RECONCILIATION_DAY = (
    select(ReconciliationDayRow.__table__)
    .where(ReconciliationDayRow.day_id == bindparam("this_day"))
    .with_for_update()
)


def reconciliation_day_for_update(tx: Tx, day_id: str) -> Row[Any] | None:
    """The channel's day, or None; taken before all other locks. It guards its differences too."""
    return tx.first(_RECONCILIATION_DAY, {"this_day": day_id})
