"""Give a part of an order's money back: each part the way it came, or to the household's fund.

From the escrow while the money is held; after settlement it is taken back from the merchant first.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from services.contracts.orders import RefundTo
from services.contracts.settlement import (
    CashState,
    Channel,
    EscrowState,
    TooMuch,
)
from services.kernel import outbox
from services.kernel.db import Tx
from services.kernel.errors import InvariantBroken
from services.kernel.ids import derived_id
from services.settlement import ledger, locks
from services.settlement.domain import postings
from services.settlement.domain.accounts import Custodian
from services.settlement.domain.escrows import Parts, part_of
from services.settlement.domain.postings import Source, Till
from services.settlement.domain.transfers import Transfer
from services.settlement.escrow_columns import left_of
from services.settlement.tables import ChannelOrderRow, EscrowRow, PaymentRow
from services.settlement.tables_desk import CashRow
from services.settlement.use_cases.begin_refund import RefundWish, completed, insert_refund
from services.settlement.use_cases.release_order import deal_of

DESK = Till(Channel.DESK, "cash")
_PAID_THROUGH = (
    select(
        PaymentRow.payment_id,
        PaymentRow.payer_account_id,
        PaymentRow.channel,
        PaymentRow.out_trade_no,
        ChannelOrderRow.merchant_number,
        ChannelOrderRow.amount_fen,
    )
    .outerjoin(
        ChannelOrderRow,
        (ChannelOrderRow.channel == PaymentRow.channel)
        & (ChannelOrderRow.out_trade_no == PaymentRow.out_trade_no),
    )
    .where(PaymentRow.payment_id == bindparam("payment"))
)
_COUNT = (
    update(EscrowRow)
    .where(EscrowRow.order_id == bindparam("order"))
    .values(
        back_channel_fen=EscrowRow.back_channel_fen + bindparam("channel_part"),
        back_fund_fen=EscrowRow.back_fund_fen + bindparam("fund_part"),
        back_card_fen=EscrowRow.back_card_fen + bindparam("card_part"),
        back_gift_fen=EscrowRow.back_gift_fen + bindparam("gift_part"),
        state=bindparam("to_state"),
        resolved_at=bindparam("at"),
    )
)
_LESS_CASH = (
    update(CashRow)
    .where(CashRow.order_id == bindparam("order"))
    .values(amount_fen=CashRow.amount_fen - bindparam("fen"), state=bindparam("to_state"))
)


@dataclass(frozen=True, slots=True)
class Back:
    """So much back; `tag` makes it the only one of its kind for this order."""

    amount_fen: int
    to: RefundTo
    reason: str
    tag: str
    asked_by: str = ""


def give_back(tx: Tx, escrow: Row[Any], back: Back, state: EscrowState, now: datetime) -> Parts:
    """Give it back out of the escrow, which has it; what went back by where it had come from.

    The escrow goes on in `state`. TooMuch, with what is left, when the order has not so much left.
    """
    left = left_of(escrow)
    if back.amount_fen > left.total_fen:
        raise TooMuch("more than is left", fields={"left_fen": str(left.total_fen)})
    parts = part_of(left, back.amount_fen)
    ended = state in (EscrowState.RELEASED, EscrowState.REFUNDED)
    tx.execute(
        _COUNT,
        {
            "order": escrow.order_id,
            "channel_part": parts.channel_fen,
            "fund_part": parts.fund_fen,
            "card_part": parts.card_fen,
            "gift_part": parts.gift_fen,
            "to_state": state,
            "at": (escrow.resolved_at or now) if ended else None,
        },
    )
    paid = tx.first(_PAID_THROUGH, {"payment": escrow.payment_id})
    if paid is None:
        raise InvariantBroken(f"payment {escrow.payment_id} holds money that came from nowhere")
    transfers: list[Transfer] = []
    if parts.channel_fen:
        transfers += _channel_part(tx, escrow, paid, back, parts.channel_fen, now)
    if parts.fund_fen:
        transfers.append(_to_fund(tx, escrow, paid, back, parts.fund_fen, "fund", now))
    if parts.card_fen or parts.gift_fen:
        transfers += _to_card(tx, escrow, paid, back, parts, now)
    if transfers:
        ledger.post(tx, transfers, now)
    return parts


def _channel_part(
    tx: Tx, escrow: Row[Any], paid: Row[Any], back: Back, amount_fen: int, now: datetime
) -> list[Transfer]:
    if escrow.cash_state == CashState.DUE and _still_due(tx, escrow.order_id):
        return [_not_collected(tx, escrow, paid, back, amount_fen, now)]
    if back.to is RefundTo.FUND and escrow.custodian == Custodian.PROPERTY:
        return [_to_fund(tx, escrow, paid, back, amount_fen, "channel", now)]
    till = _till(escrow, paid)
    wish = _wish(escrow, paid, back, amount_fen, "channel", RefundTo.CHANNEL, till)
    insert_refund(tx, wish, now, by_hand=till.channel is Channel.DESK)
    return [postings.refund_begun(wish.way, till, deal_of(escrow).escrow)]


def _till(escrow: Row[Any], paid: Row[Any]) -> Till:
    """Where the refund is paid out: cash from doors and from the desk goes over the desk."""
    if paid.channel == Channel.DELIVERY:
        return DESK
    return Till(Channel(paid.channel), paid.merchant_number, Custodian(escrow.custodian))


def _still_due(tx: Tx, order_id: str) -> bool:
    """The courier may have collected it this moment: the cash row's lock decides."""
    cash = locks.cash_for_update(tx, order_id)
    return cash is not None and cash.state == CashState.DUE


def _not_collected(
    tx: Tx, escrow: Row[Any], paid: Row[Any], back: Back, amount_fen: int, now: datetime
) -> Transfer:
    """The courier collects so much less."""
    rest_fen = left_of(escrow).channel_fen - amount_fen
    state = CashState.DUE if rest_fen else CashState.VOID
    tx.execute(_LESS_CASH, {"order": escrow.order_id, "fen": amount_fen, "to_state": state})
    wish = _wish(escrow, paid, back, amount_fen, "door", RefundTo.CHANNEL, DESK)
    insert_refund(tx, wish, now, done=True)
    _tell(tx, wish)
    return postings.refund_void(wish.way, deal_of(escrow).escrow, escrow.community_id)


def _to_fund(
    tx: Tx,
    escrow: Row[Any],
    paid: Row[Any],
    back: Back,
    amount_fen: int,
    part: str,
    now: datetime,
) -> Transfer:
    wish = _wish(escrow, paid, back, amount_fen, part, RefundTo.FUND, DESK)
    insert_refund(tx, wish, now, done=True)
    _tell(tx, wish)
    return postings.refund_to_fund(wish.way, deal_of(escrow).escrow, escrow.household_id)


def _to_card(
    tx: Tx, escrow: Row[Any], paid: Row[Any], back: Back, parts: Parts, now: datetime
) -> list[Transfer]:
    whole_fen = parts.card_fen + parts.gift_fen
    wish = _wish(escrow, paid, back, whole_fen, "card", RefundTo.CARD, DESK)
    insert_refund(tx, wish, now, done=True)
    _tell(tx, wish)
    transfers = []
    if parts.card_fen:
        escrow_account = deal_of(escrow).escrow
        transfers.append(
            postings.refund_to_card(wish.way, escrow_account, escrow.card_id, parts.card_fen)
        )
    if parts.gift_fen:
        transfers.append(
            postings.gift_restored(wish.way, escrow.card_id, escrow.merchant_id, parts.gift_fen)
        )
    return transfers


def _wish(
    escrow: Row[Any],
    paid: Row[Any],
    back: Back,
    amount_fen: int,
    part: str,
    to: RefundTo,
    till: Till,
) -> RefundWish:
    if back.tag == "whole" and part == "channel":
        refund_id = derived_id("refund", escrow.order_id)
    else:
        refund_id = derived_id("refund", escrow.order_id, back.tag, part)
    return RefundWish(
        refund_id=refund_id,
        source=Source(till, paid.out_trade_no, escrow.payment_id),
        order_id=escrow.order_id,
        household_id=escrow.household_id,
        payer_account_id=paid.payer_account_id,
        amount_fen=amount_fen,
        total_fen=paid.amount_fen or amount_fen,
        to=to,
        reason=back.reason,
        asked_by=back.asked_by,
    )


def _tell(tx: Tx, wish: RefundWish) -> None:
    outbox.emit(tx, completed(wish, 1, wish.to, wish.reason))
