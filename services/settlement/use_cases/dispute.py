"""A quarrel over an order, as orders conducts it: freeze its money, thaw it, or rule.

After settlement the money is taken back from the merchant's fund, then from its deposit; what is
missing the property advances, and the merchant owes it.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, update

from services.contracts.cards import CardSpent
from services.contracts.settlement import (
    AlreadyResolved,
    EscrowState,
    FreezeOrder,
    FrozenView,
    OrderMoneyView,
    RuleOrder,
    ThawOrder,
    TooMuch,
)
from services.kernel import requests
from services.kernel.db import Database, Tx
from services.settlement.domain.escrows import EscrowAct, resolve
from services.settlement.escrow_columns import left_of
from services.settlement.tables import EscrowRow
from services.settlement.use_cases.give_back import Back, give_back
from services.settlement.use_cases.refund_order import BY_ORDERS, held_money, note_decided
from services.settlement.use_cases.release_order import Terms, cash_missing, release
from services.settlement.use_cases.see_money import order_money
from services.settlement.use_cases.take_back import Why, settled_shares, take_back

_FREEZE = (
    update(EscrowRow)
    .where(EscrowRow.order_id == bindparam("order"))
    .values(
        state=EscrowState.FROZEN,
        resolved_at=None,
        withdrawable_at=None,
        settled_money_fen=0,
        settled_commission_fen=0,
        settled_subsidy_fen=0,
        version=EscrowRow.version + 1,
    )
)
_UNFREEZE = (
    update(EscrowRow)
    .where(EscrowRow.order_id == bindparam("order"))
    .values(state=bindparam("to_state"), completed_at=bindparam("at"))
)


def freeze_order(db: Database, command: FreezeOrder, now: datetime) -> FrozenView:
    """Nobody gets the money until a ruling; what could be taken back, and what is owed.

    AlreadyResolved when it is frozen, or all of it has gone back; CardSpent when a sold card has
    been used; WayNotOpen after the settlement of an order whose shop itself received.
    """
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, FrozenView, by=BY_ORDERS) as claim,
    ):
        if claim.answer is None:
            claim.answer = _freeze(tx, held_money(tx, command.order_id), command, now)
        return claim.answer


def thaw_order(db: Database, command: ThawOrder, terms: Terms) -> OrderMoneyView:
    """The quarrel was taken back: the money is where it would be without it."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, OrderMoneyView, by=BY_ORDERS) as claim,
    ):
        if claim.answer is None:
            _thaw(tx, held_money(tx, command.order_id), terms)
            claim.answer = order_money(tx, command.order_id)
        return claim.answer


def rule_order(db: Database, command: RuleOrder, terms: Terms) -> OrderMoneyView:
    """Split what is frozen: so much back to the resident, the rest to the merchant."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, OrderMoneyView, by=BY_ORDERS) as claim,
    ):
        if claim.answer is None:
            _rule(tx, command, terms)
            note_decided(tx, command.order_id, terms.now)
            claim.answer = order_money(tx, command.order_id)
        return claim.answer


def _freeze(tx: Tx, escrow: Row[Any], command: FreezeOrder, now: datetime) -> FrozenView:
    held = escrow.state == EscrowState.HELD
    resolve(EscrowState(escrow.state), EscrowAct.FREEZE if held else EscrowAct.TAKE_BACK)
    if not left_of(escrow).total_fen:
        gone = EscrowState.REFUNDED
        raise AlreadyResolved("all of it has gone back", fields={"state": gone})
    taken_fen = owed_fen = 0
    if not held:
        why = Why(f"freeze.{escrow.releases}", command.reason, command.by_name)
        try:
            taken_fen, owed_fen = take_back(tx, escrow, settled_shares(escrow), why, now)
        except TooMuch as spent:
            raise CardSpent("a part of the card has been used", fields=spent.fields) from spent
    tx.execute(_FREEZE, {"order": escrow.order_id})
    return FrozenView(
        order_id=escrow.order_id,
        frozen_fen=left_of(escrow).total_fen,
        taken_back_fen=taken_fen,
        owed_fen=owed_fen,
    )


def _thaw(tx: Tx, escrow: Row[Any], terms: Terms) -> None:
    """Held again; where the deal is done, the merchant has it at once, or with its cash."""
    if escrow.completed_at is None or cash_missing(escrow):
        _hold_again(tx, escrow, escrow.completed_at)
    else:
        release(tx, escrow, EscrowAct.THAW, terms, done_at=escrow.completed_at)


def _rule(tx: Tx, command: RuleOrder, terms: Terms) -> None:
    escrow = held_money(tx, command.order_id)
    resolve(EscrowState(escrow.state), EscrowAct.THAW)
    left_fen = left_of(escrow).total_fen
    if command.to_resident_fen > left_fen:
        raise TooMuch("more than is frozen", fields={"left_fen": str(left_fen)})
    if command.to_resident_fen:
        rest = command.to_resident_fen < left_fen
        back = Back(
            command.to_resident_fen,
            command.to,
            command.reason,
            f"ruling.{escrow.releases}.{escrow.version}",
            command.by_name,
        )
        state = EscrowState.FROZEN if rest else EscrowState.REFUNDED
        give_back(tx, escrow, back, state, terms.now)
        if not rest:
            return
        escrow = held_money(tx, command.order_id)
    if cash_missing(escrow):
        _hold_again(tx, escrow, terms.now)
    else:
        release(tx, escrow, EscrowAct.THAW, terms)


def _hold_again(tx: Tx, escrow: Row[Any], completed_at: datetime | None) -> None:
    held = resolve(EscrowState(escrow.state), EscrowAct.UNFREEZE)
    tx.execute(_UNFREEZE, {"order": escrow.order_id, "to_state": held, "at": completed_at})
