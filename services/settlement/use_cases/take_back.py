"""Take settled money back into the escrow: from the merchant's fund, then from its deposit.

What is missing the property advances, and the merchant owes it. A sold card gives it back itself.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.contracts.settlement import WayNotOpen
from services.kernel.db import Tx
from services.settlement import ledger, locks
from services.settlement.domain import accounts, postings
from services.settlement.domain.accounts import Custodian
from services.settlement.domain.escrows import Settlement
from services.settlement.domain.postings import Purse
from services.settlement.use_cases import sell_card
from services.settlement.use_cases.release_order import deal_of


@dataclass(frozen=True, slots=True)
class Why:
    """What for; `tag` makes it the only one of its kind for this order."""

    tag: str
    reason: str
    by: str = ""
    """The person who decided it."""


def settled_shares(escrow: Row[Any]) -> Settlement:
    """The shares of an order that stand."""
    return Settlement(
        escrow.settled_money_fen, escrow.settled_commission_fen, escrow.settled_subsidy_fen
    )


def take_back(
    tx: Tx, escrow: Row[Any], undo: Settlement, why: Why, now: datetime
) -> tuple[int, int]:
    """Into the escrow again; what the merchant (or the card) gave, and what the merchant owes.

    WayNotOpen where the shop itself received; TooMuch when a sold card has been spent.
    """
    if escrow.custodian == Custodian.CHANNEL:
        raise WayNotOpen("the shop received itself: the channel takes it back", fields={})
    if escrow.card_name is not None:
        transfers = sell_card.take_back(tx, escrow.order_id, undo.money_fen, now)
        if transfers:
            ledger.post(tx, transfers, now)
        return undo.money_fen, 0
    purse = _purse(tx, escrow)
    purpose = f"{escrow.order_id}.{why.tag}"
    if undo.money_fen or undo.subsidy_fen:
        transfer = postings.taken_back(deal_of(escrow), undo, purse, purpose, why.reason)
        ledger.post(tx, [replace(transfer, made_by=why.by)], now)
    _, _, owed_fen = purse.pay(undo.net_fen)
    return undo.net_fen - owed_fen, owed_fen


def _purse(tx: Tx, escrow: Row[Any]) -> Purse:
    """What the merchant has; its fund's row, locked here, guards its deposit and its debt too."""
    fund = accounts.merchant_fund(escrow.merchant_id)
    ledger.open_accounts(tx, [fund], escrow.held_at)
    fund_fen = locks.account_for_update(tx, fund.account_id) or 0
    deposit = accounts.merchant_deposit(escrow.merchant_id)
    return Purse(fund_fen, ledger.summed_balance_fen(tx, deposit.account_id))
