"""Make a channel order for one payer, and give the phone what it needs to open the pay sheet.

The intent is committed before WeChat is called, so whatever happens after that, the poll knows
which number to ask about. Calling again gives the same prepay while it is valid.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, insert, update

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
from services.kernel.db import Database, Tx
from services.kernel.ids import new_id
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
        ChannelOrderRow.state.in_(LIVE),
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
        number, prepay_id = _attempt(tx, command, now)
        order = Prepay(
            out_trade_no=number or new_id(),
            subject=payment.subject,
            amount_fen=payment.amount_fen,
            openid=command.openid,
            pay_before=payment.pay_before,
        )
        if number is None:
            tx.execute(_INSERT, _channel_order_row(channel, command.payment_id, order, now))
        return _Intent(order, prepay_id)


def _attempt(tx: Tx, command: PayWithWechat, now: datetime) -> tuple[str | None, str | None]:
    """The number and the still valid prepay id of this payer's earlier attempt."""
    for row in queries.live_channel_orders(tx, command.payment_id):
        if row.openid == command.openid:
            fresh = row.prepaid_at is not None and now < row.prepaid_at + PREPAY_VALID
            return row.out_trade_no, row.prepay_id if fresh else None
    return None, None


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
