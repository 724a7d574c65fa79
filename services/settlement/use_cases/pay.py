"""Pay an open payment: fund and card cover their part, a channel order takes the rest.

The intent is committed before the channel is called, so whatever happens after that, the poll knows
which number to ask about. Calling again gives the same offer while it is valid.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, insert, or_, update
from sqlalchemy.exc import IntegrityError

from services.contracts.settlement import (
    Channel,
    ChannelRefused,
    Custody,
    NoSuchPayment,
    OwnerKind,
    PartsFixed,
    Pay,
    PaymentOver,
    PaymentState,
    PayView,
    PayWay,
    WayNotOpen,
)
from services.kernel import failpoints
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx, is_duplicate
from services.kernel.ids import derived_id
from services.settlement import locks, queries
from services.settlement.domain.channel import PayChannel, Prepay
from services.settlement.domain.payments import (
    CHANNEL_OF,
    LIVE,
    ChannelOrderState,
    Purpose,
    next_poll_at,
    ways_of,
)
from services.settlement.tables import ChannelOrderRow
from services.settlement.use_cases import cover_payment, take_internally
from services.settlement.use_cases.ask_channel import ask_channel
from services.settlement.use_cases.withdraw_rights import need_use

OFFER_VALID = timedelta(minutes=110)
"""WeChat Pay keeps a prepay id for two hours (document 「JSAPI下单」); a margin for the phone."""
H5_VALID = timedelta(minutes=4)
"""An `h5_url` lives five minutes (document 「H5下单」)."""
COVER_TRIES = 3

_INSERT = insert(ChannelOrderRow)
_KEEP_TOKEN = (
    update(ChannelOrderRow)
    .where(
        ChannelOrderRow.channel == bindparam("at_channel"),
        ChannelOrderRow.out_trade_no == bindparam("number"),
        # Spelled out: an IN would be expanded anew for each payment.
        or_(*(ChannelOrderRow.state == state for state in LIVE)),
    )
    .values(state=ChannelOrderState.OPEN, prepay_id=bindparam("prepay"), prepaid_at=bindparam("at"))
)
Channels = Mapping[Channel, PayChannel]


@dataclass(frozen=True, slots=True)
class _Intent:
    """What was committed: done already, or a channel order to be made."""

    view: PayView
    order: Prepay | None = None
    token: str | None = None
    """The earlier one, when it can still be used."""
    in_the_way: tuple[Row[Any], ...] = ()
    """Live channel orders of another amount, which must be closed first."""


def pay(db: Database, channels: Channels, command: Pay, actor: Actor, now: datetime) -> PayView:
    """The way to pay an open payment of the actor's household; PaymentOver when it is too late."""
    for _ in range(COVER_TRIES):
        intent = _commit_intent(db, channels, command, actor, now)
        if not intent.in_the_way:
            break
        for row in intent.in_the_way:
            ask_channel(db, channels[Channel(row.channel)], row, now, close=True)
    if intent.in_the_way:
        raise PartsFixed("another try of this payment is still open")
    if intent.order is None:
        return intent.view
    channel = channels[CHANNEL_OF[command.way]]
    token = intent.token
    if token is None:
        token = _make_order(db, channel, command, intent.order, now)
    offer = channel.offer(intent.order, token, now)
    return intent.view.model_copy(update={"offer": offer})


def _commit_intent(
    db: Database, channels: Channels, command: Pay, actor: Actor, now: datetime
) -> _Intent:
    with db.transaction() as tx:
        payment = locks.payment_for_update(tx, command.payment_id)
        if payment is None or actor.role_in(payment.household_id) is None:
            raise NoSuchPayment()
        if payment.state != PaymentState.OPEN or payment.pay_before <= now:
            over = payment.state if payment.state != PaymentState.OPEN else PaymentState.CLOSED
            raise PaymentOver(f"the payment is {over}", fields={"state": over})
        if payment.purpose == Purpose.FEE and (command.fund_fen or command.way is PayWay.BALANCE):
            need_use(actor, OwnerKind.HOUSEHOLD, payment.household_id)
        rest = cover_payment.cover(tx, payment, command, now)
        if rest.in_the_way:
            return _Intent(_view(payment, rest), in_the_way=tuple(rest.in_the_way))
        if rest.channel_fen == 0:
            take_internally.take(tx, payment, rest, now)
            return _Intent(_view(payment, rest, PaymentState.PAID))
        _refuse_closed_way(tx, channels, payment, command.way)
        if command.way is PayWay.ON_DELIVERY:
            take_internally.promise(tx, payment, rest, now)
            return _Intent(_view(payment, rest, PaymentState.PAID))
        channel = channels[CHANNEL_OF[command.way]]
        order = _order(channel, payment, command, rest.channel_fen, now)
        order = replace(order, sub_merchant=queries.sub_merchant(tx, payment))
        return _place(tx, channel, payment, order, _view(payment, rest), now)


def _refuse_closed_way(tx: Tx, channels: Channels, payment: Row[Any], way: PayWay) -> None:
    open_ways = ways_of(channels, Custody(payment.custody), at_door=queries.paid_at_door(payment))
    # A card's money must come to the property, and before the card is there.
    kept_here = payment.custody == Custody.COLLECT and way is not PayWay.ON_DELIVERY
    if way not in open_ways or not (kept_here or not queries.sells_cards(tx, payment.payment_id)):
        raise WayNotOpen(f"not to be paid by {way}", fields={"way": way})


def _view(
    payment: Row[Any], rest: cover_payment.Rest, state: PaymentState = PaymentState.OPEN
) -> PayView:
    return PayView(
        payment_id=payment.payment_id,
        state=state,
        amount_fen=payment.amount_fen,
        channel_fen=rest.channel_fen,
        fund_fen=rest.cover.fund_fen,
        card_fen=rest.cover.card_fen + rest.cover.gift_fen,
        pay_before=payment.pay_before,
    )


def _order(
    channel: PayChannel, payment: Row[Any], command: Pay, amount_fen: int, now: datetime
) -> Prepay:
    return Prepay(
        way=command.way,
        out_trade_no=_number(channel, command, 0),
        subject=payment.subject,
        amount_fen=amount_fen,
        asked_at=now,
        pay_before=payment.pay_before,
        openid=command.openid if command.way is PayWay.WECHAT_JSAPI else "",
        client_ip=command.client_ip,
        return_url=command.return_url,
    )


def _number(channel: PayChannel, command: Pay, attempt: int) -> str:
    """`out_trade_no`: derived, so that a second tap meets the first one's row."""
    payer = command.openid if command.way is PayWay.WECHAT_JSAPI else command.way
    return derived_id(
        "channel_order", channel.till.channel, command.payment_id, payer, str(attempt)
    )


def _place(
    tx: Tx, channel: PayChannel, payment: Row[Any], order: Prepay, view: PayView, now: datetime
) -> _Intent:
    """A new channel order, or this payer's live one with its token while that is valid."""
    if _insert_first(tx, channel, payment.payment_id, order, now):
        return _Intent(view, order)
    tried = [
        row
        for row in queries.channel_orders(tx, payment.payment_id)
        if row.way == order.way and row.openid == order.openid
    ]
    for row in tried:
        if row.state in LIVE:
            valid = H5_VALID if order.way is PayWay.WECHAT_H5 else OFFER_VALID
            fresh = row.prepaid_at is not None and now < row.prepaid_at + valid
            same = replace(order, out_trade_no=row.out_trade_no, asked_at=row.asked_at)
            return _Intent(view, same, row.prepay_id if fresh else None)
    payer = order.openid or order.way
    number = derived_id(
        "channel_order", channel.till.channel, payment.payment_id, payer, str(len(tried))
    )
    order = replace(order, out_trade_no=number)
    tx.execute(_INSERT, _channel_order_row(channel, payment.payment_id, order, now))
    return _Intent(view, order)


def _insert_first(
    tx: Tx, channel: PayChannel, payment_id: str, order: Prepay, now: datetime
) -> bool:
    """False when this payer has tried before."""
    try:
        tx.execute(_INSERT, _channel_order_row(channel, payment_id, order, now))
        return True
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
        return False


def _make_order(
    db: Database, channel: PayChannel, command: Pay, order: Prepay, now: datetime
) -> str:
    failpoints.hit("settlement.pay.after_intent")
    try:
        token = channel.prepay(order)
    except ChannelRefused:
        # Refused perhaps because it is paid or closed over there: then we want to know it here.
        with db.reading() as tx:
            row = queries.channel_order(tx, channel.till.channel, order.out_trade_no)
        ask_channel(db, channel, row, now)
        _refuse_if_over(db, command.payment_id)
        raise
    failpoints.hit("settlement.pay.after_prepay")
    kept = {
        "at_channel": channel.till.channel,
        "number": order.out_trade_no,
        "prepay": token,
        "at": now,
    }
    with db.transaction() as tx:
        live = tx.execute(_KEEP_TOKEN, kept).rowcount == 1
    if not live:
        # The payment was closed while the order was made: nobody shall get it.
        with db.reading() as tx:
            row = queries.channel_order(tx, channel.till.channel, order.out_trade_no)
        channel.close(queries.trade_ref(row))
        raise PaymentOver("the payment is closed", fields={"state": PaymentState.CLOSED})
    return token


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
        "way": order.way,
        "sub_merchant": order.sub_merchant,
        "pay_before": order.pay_before,
    }
