"""A quarrel over an order: freeze its money, give a part back, rule. By staff, or by orders.

After settlement the money is taken back from the merchant's fund, then from its deposit; what is
missing the property advances, and the merchant owes it.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, update

from services.contracts.cards import CardSpent
from services.contracts.settlement import (
    EscrowState,
    FreezeOrder,
    FrozenView,
    NotYourOrderMoney,
    OrderMoneyView,
    RefundOrderPart,
    RuleOrder,
    TooMuch,
    WayNotOpen,
)
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.settlement import ledger, locks
from services.settlement.domain import accounts, postings
from services.settlement.domain.accounts import Custodian
from services.settlement.domain.escrows import (
    EscrowAct,
    Settlement,
    gift_undone,
    part_of,
    resolve,
    undone,
)
from services.settlement.domain.postings import Purse
from services.settlement.escrow_columns import left_of
from services.settlement.tables import EscrowRow
from services.settlement.use_cases import return_profit, sell_card
from services.settlement.use_cases.give_back import Back, give_back
from services.settlement.use_cases.reach import reaches
from services.settlement.use_cases.release_order import (
    Terms,
    cash_missing,
    deal_of,
    release,
)
from services.settlement.use_cases.see_money import order_money

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
_UNDO = (
    update(EscrowRow)
    .where(EscrowRow.order_id == bindparam("order"))
    .values(
        settled_money_fen=EscrowRow.settled_money_fen - bindparam("money"),
        settled_commission_fen=EscrowRow.settled_commission_fen - bindparam("commission"),
        settled_subsidy_fen=EscrowRow.settled_subsidy_fen - bindparam("subsidy"),
    )
)


def freeze_order(db: Database, command: FreezeOrder, actor: Actor, now: datetime) -> FrozenView:
    """Nobody gets the money until a ruling; what could be taken back, and what is owed."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, FrozenView, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            escrow = _order(tx, command.order_id, actor)
            claim.answer = _freeze(tx, escrow, command, now)
        return claim.answer


def refund_part(
    db: Database, command: RefundOrderPart, actor: Actor, now: datetime
) -> OrderMoneyView:
    """Give a part back, before or after settlement; TooMuch names what is left."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, OrderMoneyView, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            back = Back(
                command.amount_fen, command.to, command.reason, command.request_id, actor.name
            )
            _give_part(tx, _order(tx, command.order_id, actor), back, now)
            claim.answer = order_money(tx, command.order_id)
        return claim.answer


def rule_order(db: Database, command: RuleOrder, actor: Actor, terms: Terms) -> OrderMoneyView:
    """Split what is frozen: so much back to the resident, the rest to the merchant."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, OrderMoneyView, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            _rule(tx, command, actor, terms)
            claim.answer = order_money(tx, command.order_id)
        return claim.answer


def _order(tx: Tx, order_id: str, actor: Actor) -> Row[Any]:
    escrow = locks.escrow_for_update(tx, order_id)
    if escrow is None or not reaches(actor, escrow.community_id):
        raise NotYourOrderMoney()
    return escrow


def _freeze(tx: Tx, escrow: Row[Any], command: FreezeOrder, now: datetime) -> FrozenView:
    held = escrow.state == EscrowState.HELD
    resolve(EscrowState(escrow.state), EscrowAct.FREEZE if held else EscrowAct.TAKE_BACK)
    taken_fen = owed_fen = 0
    if not held:
        settled = _settled(escrow)
        reason, tag = command.reason, f"freeze.{escrow.releases}"
        try:
            taken_fen, owed_fen = _take_back(tx, escrow, settled, tag, reason, now)
        except TooMuch as spent:
            raise CardSpent("a part of the card has been used", fields=spent.fields) from spent
    tx.execute(_FREEZE, {"order": escrow.order_id})
    return FrozenView(
        order_id=escrow.order_id,
        frozen_fen=left_of(escrow).money_fen,
        taken_back_fen=taken_fen,
        owed_fen=owed_fen,
    )


def _give_part(tx: Tx, escrow: Row[Any], back: Back, now: datetime) -> None:
    state = EscrowState(escrow.state)
    left = left_of(escrow)
    if back.amount_fen > left.total_fen:
        raise TooMuch("more than is left", fields={"left_fen": str(left.total_fen)})
    if state is EscrowState.RELEASED:
        undo = _undone(escrow, back.amount_fen)
        if escrow.custodian == Custodian.CHANNEL:
            return_profit.take_back(tx, escrow, undo, back, now)
        else:
            _take_back(tx, escrow, undo, f"refund.{back.tag}", back.reason, now)
        _keep_undone(tx, escrow, undo)
    elif back.amount_fen == left.total_fen:
        state = resolve(state, EscrowAct.REFUND)
    give_back(tx, escrow, back, state, now)


def _rule(tx: Tx, command: RuleOrder, actor: Actor, terms: Terms) -> None:
    escrow = _order(tx, command.order_id, actor)
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
            actor.name,
        )
        state = EscrowState.FROZEN if rest else EscrowState.REFUNDED
        give_back(tx, escrow, back, state, terms.now)
        if not rest:
            return
        escrow = _order(tx, command.order_id, actor)
    if cash_missing(escrow):
        held = resolve(EscrowState(escrow.state), EscrowAct.UNFREEZE)
        tx.execute(_UNFREEZE, {"order": escrow.order_id, "to_state": held, "at": terms.now})
    else:
        release(tx, escrow, EscrowAct.THAW, terms)


def _settled(escrow: Row[Any]) -> Settlement:
    return Settlement(
        escrow.settled_money_fen, escrow.settled_commission_fen, escrow.settled_subsidy_fen
    )


def _undone(escrow: Row[Any], amount_fen: int) -> Settlement:
    """The settled shares that go with so much of the order."""
    settled, left = _settled(escrow), left_of(escrow)
    if not settled.money_fen:
        return gift_undone(settled, amount_fen, left.total_fen)
    return undone(settled, part_of(left, amount_fen).money_fen)


def _take_back(
    tx: Tx, escrow: Row[Any], undo: Settlement, tag: str, reason: str, now: datetime
) -> tuple[int, int]:
    """Into the escrow again; what the merchant (or the card) gave, and what the merchant owes."""
    if escrow.custodian == Custodian.CHANNEL:
        raise WayNotOpen("the shop received itself: the channel takes it back", fields={})
    if escrow.card_name is not None:
        transfers = sell_card.take_back(tx, escrow.order_id, undo.money_fen, now)
        if transfers:
            ledger.post(tx, transfers, now)
        return undo.money_fen, 0
    purse = _purse(tx, escrow)
    purpose = f"{escrow.order_id}.{tag}"
    if undo.money_fen or undo.subsidy_fen:
        transfer = postings.taken_back(deal_of(escrow), undo, purse, purpose, reason)
        ledger.post(tx, [transfer], now)
    _, _, owed_fen = purse.pay(undo.net_fen)
    return undo.net_fen - owed_fen, owed_fen


def _purse(tx: Tx, escrow: Row[Any]) -> Purse:
    """What the merchant has; its fund's row, locked here, guards its deposit and its debt too."""
    fund = accounts.merchant_fund(escrow.merchant_id)
    ledger.open_accounts(tx, [fund], escrow.held_at)
    fund_fen = locks.account_for_update(tx, fund.account_id) or 0
    deposit = accounts.merchant_deposit(escrow.merchant_id)
    return Purse(fund_fen, ledger.summed_balance_fen(tx, deposit.account_id))


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
