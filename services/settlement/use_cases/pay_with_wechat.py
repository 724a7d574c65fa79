"""Make a channel order for one payer, and give the phone what it needs to open the pay sheet.

The intent is committed before WeChat is called, so whatever happens after that, the poll knows
which number to ask about. Calling again gives the same prepay while it is valid.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import bindparam, insert, or_, update
from sqlalchemy.exc import IntegrityError

from services.contracts.settlement import (
    ChannelRefused,
    NoSuchPayment,
    PaymentOver,
    PaymentState,
    PayWithWechat,
    PrepayView,
)
from services.kernel import failpoints
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx, is_duplicate
from services.kernel.ids import derived_id
from services.settlement import locks, queries
from services.settlement.domain.channel import PayChannel, Prepay
from services.settlement.domain.payments import LIVE, ChannelOrderState, next_poll_at
from services.settlement.tables import ChannelOrderRow
from services.settlement.use_cases.ask_channel import ask_channel

PREPAY_VALID = timedelta(minutes=110)
"""WeChat Pay keeps a prepay id for two hours (document 「JSAPI下单」); a margin for the phone."""

_INSERT = insert(ChannelOrderRow)
_KEEP_PREPAY = (
    update(ChannelOrderRow)
    .where(
        ChannelOrderRow.channel == bindparam("at_channel"),
        ChannelOrderRow.out_trade_no == bindparam("number"),
        # Spelled out: an IN would be expanded anew for each payment.
        or_(*(ChannelOrderRow.state == state for state in LIVE)),
    )
    .values(state=ChannelOrderState.OPEN, prepay_id=bindparam("prepay"), prepaid_at=bindparam("at"))
)


@dataclass(frozen=True, slots=True)
class _Intent:
    order: Prepay
    prepay_id: str | None
    """The earlier one, when it can still be used."""


def pay_with_wechat(
    db: Database, channel: PayChannel, command: PayWithWechat, actor: Actor, now: datetime
) -> PrepayView:
    """The prepay of an open payment of the actor's household; PaymentOver when it is too late."""
    intent = _commit_intent(db, channel, command, actor, now)
    prepay_id = intent.prepay_id or _make_prepay(db, channel, command, intent.order, now)
    return PrepayView(
        payment_id=command.payment_id,
        amount_fen=intent.order.amount_fen,
        pay_before=intent.order.pay_before,
        prepay_id=prepay_id,
        jsapi=channel.jsapi_params(prepay_id, now),
    )


def _commit_intent(
    db: Database, channel: PayChannel, command: PayWithWechat, actor: Actor, now: datetime
) -> _Intent:
    with db.transaction() as tx:
        payment = locks.payment_for_update(tx, command.payment_id)
        if payment is None or actor.role_in(payment.household_id) is None:
            raise NoSuchPayment()
        if payment.state != PaymentState.OPEN or payment.pay_before <= now:
            over = payment.state if payment.state != PaymentState.OPEN else PaymentState.CLOSED
            raise PaymentOver(f"the payment is {over}", fields={"state": over})
        order = Prepay(
            out_trade_no=_number(channel, command, 0),
            subject=payment.subject,
            amount_fen=payment.amount_fen,
            openid=command.openid,
            pay_before=payment.pay_before,
        )
        if _insert_first(tx, channel, command, order, now):
            return _Intent(order, None)
        return _earlier_intent(tx, channel, command, order, now)


def _number(channel: PayChannel, command: PayWithWechat, attempt: int) -> str:
    """`out_trade_no`: derived, so that a second tap meets the first one's row."""
    return derived_id(
        "channel_order", channel.till.channel, command.payment_id, command.openid, str(attempt)
    )


def _insert_first(
    tx: Tx, channel: PayChannel, command: PayWithWechat, order: Prepay, now: datetime
) -> bool:
    """False when this payer has tried before."""
    try:
        tx.execute(_INSERT, _channel_order_row(channel, command.payment_id, order, now))
        return True
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
        return False


def _earlier_intent(
    tx: Tx, channel: PayChannel, command: PayWithWechat, order: Prepay, now: datetime
) -> _Intent:
    """This payer's live attempt with its prepay while that is valid, or the next attempt."""
    tried = [
        row
        for row in queries.channel_orders(tx, command.payment_id)
        if row.openid == command.openid
    ]
    for row in tried:
        if row.state in LIVE:
            fresh = row.prepaid_at is not None and now < row.prepaid_at + PREPAY_VALID
            same = replace(order, out_trade_no=row.out_trade_no)
            return _Intent(same, row.prepay_id if fresh else None)
    order = replace(order, out_trade_no=_number(channel, command, len(tried)))
    tx.execute(_INSERT, _channel_order_row(channel, command.payment_id, order, now))
    return _Intent(order, None)


def _make_prepay(
    db: Database, channel: PayChannel, command: PayWithWechat, order: Prepay, now: datetime
) -> str:
    failpoints.hit("settlement.pay.after_intent")
    try:
        prepay_id = channel.prepay(order)
    except ChannelRefused:
        # Refused perhaps because it is paid or closed over there: then we want to know it here.
        ask_channel(db, channel, order.out_trade_no, now)
        _refuse_if_over(db, command.payment_id)
        raise
    failpoints.hit("settlement.pay.after_prepay")
    kept = {
        "at_channel": channel.till.channel,
        "number": order.out_trade_no,
        "prepay": prepay_id,
        "at": now,
    }
    with db.transaction() as tx:
        live = tx.execute(_KEEP_PREPAY, kept).rowcount == 1
    if not live:
        # The payment was closed while the prepay was made: nobody shall get it.
        channel.close(order.out_trade_no)
        raise PaymentOver("the payment is closed", fields={"state": PaymentState.CLOSED})
    return prepay_id


def _refuse_if_over(db: Database, payment_id: str) -> None:
    with db.reading() as tx:
        payment = queries.payment_row(tx, payment_id)
    if payment is not None and payment.state != PaymentState.OPEN:
        raise PaymentOver(f"the payment is {payment.state}", fields={"state": payment.state})


def _channel_order_row(
    channel: PayChannel, payment_id: str, order: Prepay, now: datetime
) -> dict[str, object]:
    return {
        "channel": channel.till.channel,
        "out_trade_no": order.out_trade_no,
        "payment_id": payment_id,
        "merchant_number": channel.till.merchant_number,
        "app_id": channel.app_id,
        "openid": order.openid,
        "amount_fen": order.amount_fen,
        "state": ChannelOrderState.ASKED,
        "asked_at": now,
        "poll_count": 0,
        "next_poll_at": next_poll_at(0, now),
    }
