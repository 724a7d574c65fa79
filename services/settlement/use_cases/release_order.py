"""Pay what is held for an order to its merchant: less commission, plus the property's discounts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, update

from services.contracts.settlement import CashState, EscrowReleased, EscrowState
from services.kernel import outbox
from services.kernel.db import Tx
from services.settlement import ledger, locks
from services.settlement.domain import accounts, postings
from services.settlement.domain.accounts import Custodian
from services.settlement.domain.escrows import EscrowAct, Settlement, resolve, settle
from services.settlement.domain.postings import Deal, Owed
from services.settlement.escrow_columns import left_of
from services.settlement.tables import EscrowRow
from services.settlement.use_cases import sell_card, share_profit

_RELEASE = (
    update(EscrowRow)
    .where(EscrowRow.order_id == bindparam("order"))
    .values(
        state=bindparam("to_state"),
        resolved_at=bindparam("at"),
        completed_at=bindparam("done"),
        withdrawable_at=bindparam("withdrawable"),
        settled_money_fen=bindparam("money"),
        settled_commission_fen=bindparam("commission"),
        settled_subsidy_fen=bindparam("subsidy"),
        releases=EscrowRow.releases + 1,
        version=EscrowRow.version + 1,
    )
)
_COMPLETE = (
    update(EscrowRow)
    .where(EscrowRow.order_id == bindparam("order"), EscrowRow.completed_at.is_(None))
    .values(completed_at=bindparam("at"))
)
_CASH_IN_HAND = (None, CashState.HANDED_IN, CashState.VOID)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is the same for all releases of a moment."""

    dispute_window: timedelta
    """What is settled may be withdrawn after this."""
    now: datetime


def deal_of(escrow: Row[Any]) -> Deal:
    """The two sides of an escrow."""
    return Deal(
        escrow.order_id,
        escrow.payment_id,
        escrow.merchant_id,
        escrow.household_id,
        Custodian(escrow.custodian),
    )


def shares_of(escrow: Row[Any]) -> Settlement:
    """What the merchant gets of what is left; the subsidy shrinks with what has gone back."""
    left = left_of(escrow)
    subsidy_fen = escrow.subsidy_fen * left.total_fen // escrow.amount_fen
    return settle(left.money_fen, escrow.rate_bp, subsidy_fen)


def note_completed(tx: Tx, escrow: Row[Any], now: datetime) -> None:
    """The deal is done, and something stands in the way of the money: it follows later."""
    tx.execute(_COMPLETE, {"order": escrow.order_id, "at": now})


def in_the_way(escrow: Row[Any]) -> bool:
    """A dispute, or cash that is not at the desk yet."""
    return escrow.state == EscrowState.FROZEN or cash_missing(escrow)


def cash_missing(escrow: Row[Any]) -> bool:
    """Cash of this order is at the door or with the courier."""
    return escrow.cash_state not in _CASH_IN_HAND


def release(
    tx: Tx, escrow: Row[Any], act: EscrowAct, terms: Terms, done_at: datetime | None = None
) -> None:
    """Release all that is left; AlreadyResolved when there is nothing to release.

    A sold card keeps the money; where the shop itself receives, the channel shares it out first.
    With `done_at` the time for disputes runs from then, as it did before a quarrel.
    """
    state = resolve(EscrowState(escrow.state), act)
    done = done_at or terms.now
    if escrow.card_name is not None:
        _keep(tx, escrow, state, Settlement(left_of(escrow).money_fen, 0, 0), terms, done)
        sell_card.sell(tx, escrow, terms.now)
        return
    settled = shares_of(escrow)
    _keep(tx, escrow, state, settled, terms, done)
    if escrow.custodian == Custodian.CHANNEL:
        share_profit.begin(tx, escrow, settled.commission_fen, terms.now)
        return
    owed = _owed(tx, escrow) if escrow.may_owe or escrow.releases else Owed()
    if settled.net_fen or settled.commission_fen:
        transfer = postings.release(deal_of(escrow), settled, owed, escrow.releases + 1)
        ledger.post(tx, [transfer], terms.now)
    tell(tx, escrow, settled)


def tell(tx: Tx, escrow: Row[Any], settled: Settlement) -> None:
    """The merchant has the money."""
    outbox.emit(tx, released(escrow, settled))


def released(escrow: Row[Any], settled: Settlement) -> EscrowReleased:
    """The event that says so."""
    return EscrowReleased(
        aggregate_id=escrow.order_id,
        version=escrow.version + 1,
        merchant_id=escrow.merchant_id,
        household_id=escrow.household_id,
        amount_fen=settled.net_fen,
        commission_fen=settled.commission_fen,
    )


def _keep(
    tx: Tx,
    escrow: Row[Any],
    state: EscrowState,
    settled: Settlement,
    terms: Terms,
    done_at: datetime,
) -> None:
    tx.execute(
        _RELEASE,
        {
            "order": escrow.order_id,
            "to_state": state,
            "at": terms.now,
            "done": done_at,
            "withdrawable": done_at + terms.dispute_window,
            "money": settled.money_fen,
            "commission": settled.commission_fen,
            "subsidy": settled.subsidy_fen,
        },
    )


def _owed(tx: Tx, escrow: Row[Any]) -> Owed:
    """What the merchant owes, and what the last freeze of this order took of its deposit.

    Nobody changes either while its fund is locked here.
    """
    fund = accounts.merchant_fund(escrow.merchant_id)
    ledger.open_accounts(tx, [fund], escrow.held_at)
    locks.account_for_update(tx, fund.account_id)
    receivable = accounts.merchant_receivable(escrow.merchant_id)
    deposit = accounts.merchant_deposit(escrow.merchant_id)
    freeze = postings.taken_back_id(escrow.order_id, f"freeze.{escrow.releases}")
    return Owed(
        debt_fen=-ledger.summed_balance_fen(tx, receivable.account_id),
        deposit_fen=-ledger.entry_fen(tx, freeze, deposit.account_id),
    )
