"""The desk: the cashier takes money for an open payment, or a merchant's deposit."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update

from services.contracts.settlement import (
    Channel,
    Custody,
    DeskMethod,
    DeskReceipt,
    DeskReceiptQuery,
    NoSuchPayment,
    PaymentOver,
    PaymentState,
    TakeAtDesk,
    TakeDeposit,
    WayNotOpen,
)
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.ids import derived_id
from services.settlement import ledger, locks, queries
from services.settlement.domain import accounts
from services.settlement.domain.days import day_of
from services.settlement.domain.payments import ChannelOrderState
from services.settlement.domain.postings import Source, Till
from services.settlement.domain.transfers import Transfer, TransferKind, between
from services.settlement.tables import ChannelOrderRow, PaymentRow
from services.settlement.tables_desk import DeskReceiptRow
from services.settlement.use_cases import cover_payment
from services.settlement.use_cases.ask_channel import ask_soon
from services.settlement.use_cases.hold_money import Arrived, hold
from services.settlement.use_cases.reach import reaches, reaches_payment

APP_ID = "desk"
_INSERT_ORDER = insert(ChannelOrderRow)
_INSERT_RECEIPT = insert(DeskReceiptRow)
_PAID = (
    update(PaymentRow)
    .where(PaymentRow.payment_id == bindparam("payment"))
    .values(
        state=PaymentState.PAID,
        channel=Channel.DESK,
        out_trade_no=bindparam("number"),
        paid_at=bindparam("at"),
    )
)


def take_at_desk(db: Database, command: TakeAtDesk, actor: Actor, now: datetime) -> DeskReceipt:
    """The money of an open payment is in the till: hold it; PaymentOver when it is not open,
    WayNotOpen where the shop itself receives.

    A channel order that is still open is closed by the next poll, since the payment is over.
    """
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, DeskReceipt, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            payment = locks.payment_for_update(tx, command.payment_id)
            if payment is None or not reaches(actor, payment.community_id):
                raise NoSuchPayment()
            if payment.state != PaymentState.OPEN:
                over = f"the payment is {payment.state}"
                raise PaymentOver(over, fields={"state": payment.state})
            if payment.custody == Custody.PLATFORM:
                raise WayNotOpen("the shop itself receives here", fields={"way": Channel.DESK})
            claim.answer = _take(tx, payment, command, actor, now)
        return claim.answer


def take_deposit(db: Database, command: TakeDeposit, actor: Actor, now: datetime) -> DeskReceipt:
    """A merchant's deposit is in the till."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, DeskReceipt, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            number = receipt_number(command.request_id, now)
            receipt = _receipt(number, "保证金", command.amount_fen, command, actor, now)
            keep_receipt(tx, "deposit", command.merchant_id, receipt, actor)
            transfer = Transfer(
                kind=TransferKind.DEPOSIT_TAKEN,
                purpose=number,
                entries=between(
                    accounts.clearing(Channel.DESK, command.method),
                    accounts.merchant_deposit(command.merchant_id),
                    command.amount_fen,
                ),
                reason="deposit",
                reference=number,
                made_by=actor.name,
            )
            ledger.post(tx, [transfer], now)
            claim.answer = receipt
        return claim.answer


def see_receipt(db: Database, query: DeskReceiptQuery, actor: Actor) -> DeskReceipt:
    """A receipt again, for staff in reach; a deposit's for any."""
    with db.reading() as tx:
        row = tx.first(
            select(DeskReceiptRow.__table__)
            .where(DeskReceiptRow.subject_id == query.payment_id)
            .order_by(DeskReceiptRow.taken_at.desc())
            .limit(1)
        )
        if row is None or not reaches_payment(tx, actor, query.payment_id):
            raise NoSuchPayment()
    return DeskReceipt(
        receipt_number=row.receipt_number,
        subject=row.subject,
        amount_fen=row.amount_fen,
        method=DeskMethod(row.method),
        reference=row.reference,
        taken_by=row.taken_by,
        taken_at=row.taken_at,
    )


def receipt_number(request_id: str, now: datetime) -> str:
    """`SJ20261122-` and a part that no other receipt has; the same for the same request."""
    return f"SJ{day_of(now):%Y%m%d}-{derived_id('receipt', request_id)[-10:]}"


def keep_receipt(tx: Tx, kind: str, subject_id: str, receipt: DeskReceipt, actor: Actor) -> None:
    """Put a receipt on record."""
    tx.execute(
        _INSERT_RECEIPT,
        {
            **receipt.model_dump(),
            "kind": kind,
            "subject_id": subject_id,
            "taken_by_account_id": actor.account_id,
        },
    )


def _take(
    tx: Tx, payment: Row[Any], command: TakeAtDesk, actor: Actor, now: datetime
) -> DeskReceipt:
    due_fen = payment.amount_fen - cover_payment.kept(payment).total_fen
    number = derived_id("channel_order", Channel.DESK, payment.payment_id)
    tx.execute(_INSERT_ORDER, _order_row(payment, number, due_fen, command, now))
    paid = {"payment": payment.payment_id, "number": number, "at": now}
    tx.execute(_PAID, paid)
    ask_soon(tx, payment.payment_id, now)
    till = Till(Channel.DESK, command.method)
    hold(
        tx,
        Arrived(
            payment=payment,
            orders=queries.allocations(tx, payment.payment_id),
            amount_fen=payment.amount_fen,
            source=Source(till, number, payment.payment_id),
            giver=till.clearing,
            channel_fen=due_fen,
            paid_at=now,
        ),
        now,
    )
    slip = receipt_number(command.request_id, now)
    receipt = _receipt(slip, payment.subject, due_fen, command, actor, now)
    keep_receipt(tx, "payment", payment.payment_id, receipt, actor)
    return receipt


def _receipt(
    number: str,
    subject: str,
    amount_fen: int,
    command: TakeAtDesk | TakeDeposit,
    actor: Actor,
    now: datetime,
) -> DeskReceipt:
    return DeskReceipt(
        receipt_number=number,
        subject=subject,
        amount_fen=amount_fen,
        method=command.method,
        reference=command.reference,
        taken_by=actor.name,
        taken_at=now,
    )


def _order_row(
    payment: Row[Any], number: str, amount_fen: int, command: TakeAtDesk, now: datetime
) -> dict[str, object]:
    """The desk's own channel order: paid the moment it is made."""
    return {
        "channel": Channel.DESK,
        "out_trade_no": number,
        "payment_id": payment.payment_id,
        "merchant_number": command.method,
        "app_id": APP_ID,
        "openid": "",
        "amount_fen": amount_fen,
        "state": ChannelOrderState.PAID,
        "transaction_id": command.reference.encode("ascii", "ignore").decode()[:80],
        "paid_at": now,
        "asked_at": now,
        "poll_count": 0,
        "next_poll_at": None,
        "way": Channel.DESK,
        "sub_merchant": "",
        "pay_before": payment.pay_before,
    }
