"""Give a part of an order's money back, before or after settlement: as the two have agreed (orders
asks for it), or by a cashier's hand.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, update

from services.contracts.settlement import (
    AlreadyResolved,
    EscrowState,
    NotYourOrderMoney,
    OrderMoneyView,
    RefundOrder,
    RefundOrderPart,
    TooMuch,
)
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.settlement import locks
from services.settlement.domain.accounts import Custodian
from services.settlement.domain.escrows import (
    EscrowAct,
    Settlement,
    gift_undone,
    part_of,
    resolve,
    undone,
)
from services.settlement.escrow_columns import left_of
from services.settlement.tables import EscrowRow
from services.settlement.use_cases import return_profit
from services.settlement.use_cases.give_back import Back, give_back
from services.settlement.use_cases.reach import reaches
from services.settlement.use_cases.see_money import order_money
from services.settlement.use_cases.take_back import Why, settled_shares, take_back

BY_ORDERS = "orders"
"""Who claims what orders asks for."""

_UNDO = (
    update(EscrowRow)
    .where(EscrowRow.order_id == bindparam("order"))
    .values(
        settled_money_fen=EscrowRow.settled_money_fen - bindparam("money"),
        settled_commission_fen=EscrowRow.settled_commission_fen - bindparam("commission"),
        settled_subsidy_fen=EscrowRow.settled_subsidy_fen - bindparam("subsidy"),
    )
)
_DECIDED = (
    update(EscrowRow)
    .where(EscrowRow.order_id == bindparam("order"))
    .values(decided_at=bindparam("at"))
)


def refund_order(db: Database, command: RefundOrder, now: datetime) -> OrderMoneyView:
    """Give so much back, as orders was told; what is due at the door shrinks where it is not paid.

    AlreadyResolved in a quarrel: a ruling is for that. TooMuch names what is left.
    """
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, OrderMoneyView, by=BY_ORDERS) as claim,
    ):
        if claim.answer is None:
            _refund_agreed(tx, command, now)
            claim.answer = order_money(tx, command.order_id)
        return claim.answer


def refund_part(
    db: Database, command: RefundOrderPart, actor: Actor, now: datetime
) -> OrderMoneyView:
    """A cashier gives a part back; TooMuch names what is left."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, OrderMoneyView, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            escrow = held_money(tx, command.order_id)
            if not reaches(actor, escrow.community_id):
                raise NotYourOrderMoney()
            back = Back(
                command.amount_fen, command.to, command.reason, command.request_id, actor.name
            )
            _give_part(tx, escrow, back, now)
            claim.answer = order_money(tx, command.order_id)
        return claim.answer


def held_money(tx: Tx, order_id: str) -> Row[Any]:
    """What is or was held for the order, locked; NotYourOrderMoney when nothing ever was."""
    escrow = locks.escrow_for_update(tx, order_id)
    if escrow is None:
        raise NotYourOrderMoney()
    return escrow


def note_decided(tx: Tx, order_id: str, now: datetime) -> None:
    """Orders has decided how it ends: what it told before and has not been heard is no news."""
    tx.execute(_DECIDED, {"order": order_id, "at": now})


def _refund_agreed(tx: Tx, command: RefundOrder, now: datetime) -> None:
    escrow = held_money(tx, command.order_id)
    if escrow.state == EscrowState.FROZEN:
        raise AlreadyResolved("a ruling decides over it", fields={"state": escrow.state})
    # The claim makes the request the only one of its id; a cashier's may have the same.
    tag = f"agreed.{command.request_id}"
    back = Back(command.amount_fen, command.to, command.reason, tag, command.by_name)
    if _give_part(tx, escrow, back, now) is EscrowState.REFUNDED:
        note_decided(tx, command.order_id, now)


def _give_part(tx: Tx, escrow: Row[Any], back: Back, now: datetime) -> EscrowState:
    """The escrow's state after it."""
    state = EscrowState(escrow.state)
    left = left_of(escrow)
    if back.amount_fen > left.total_fen:
        raise TooMuch("more than is left", fields={"left_fen": str(left.total_fen)})
    if state is EscrowState.RELEASED:
        undo = _undone(escrow, back.amount_fen)
        if escrow.custodian == Custodian.CHANNEL:
            return_profit.take_back(tx, escrow, undo, back, now)
        else:
            why = Why(f"refund.{back.tag}", back.reason, back.asked_by)
            take_back(tx, escrow, undo, why, now)
        _keep_undone(tx, escrow, undo)
    elif back.amount_fen == left.total_fen:
        state = resolve(state, EscrowAct.REFUND)
    give_back(tx, escrow, back, state, now)
    return state


def _undone(escrow: Row[Any], amount_fen: int) -> Settlement:
    """The settled shares that go with so much of the order."""
    settled, left = settled_shares(escrow), left_of(escrow)
    if not settled.money_fen:
        return gift_undone(settled, amount_fen, left.total_fen)
    return undone(settled, part_of(left, amount_fen).money_fen)


def _keep_undone(tx: Tx, escrow: Row[Any], undo: Settlement) -> None:
    tx.execute(
        _UNDO,
        {
            "order": escrow.order_id,
            "money": undo.money_fen,
            "commission": undo.commission_fen,
            "subsidy": undo.subsidy_fen,
        },
    )
