"""A merchant has left: what is on its members' cards goes back to them, batch by batch.

Each batch is one transaction that also marks its cards, so that a worker that dies loses nothing
and does nothing twice. Money that comes onto a card later (a payment that was given up, a refund)
follows.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, update

from services.contracts.cards import CardReturned, CardState
from services.contracts.identity import MerchantLeft
from services.kernel import failpoints, outbox
from services.kernel.db import Database, Tx
from services.settlement import card_queries, ledger
from services.settlement.cards import locks
from services.settlement.domain.accounts import household_fund
from services.settlement.domain.transfers import Transfer
from services.settlement.tables_cards import CardReturnRow, CardRow
from services.settlement.use_cases.sell_card import of_row

BATCH = 100
BATCHES_MAX = 20
"""In one run; the next begins a second later."""

_BEGIN = insert(CardReturnRow).prefix_with("IGNORE")
_MARK = (
    update(CardRow)
    .where(CardRow.card_id == bindparam("card"))
    .values(
        state=CardState.RETURNED,
        returned_at=func.coalesce(
            CardRow.returned_at, bindparam("at", type_=CardRow.returned_at.type)
        ),
        returned_fen=CardRow.returned_fen + bindparam("money"),
        version=CardRow.version + 1,
    )
)


def begin_return(tx: Tx, event: MerchantLeft, now: datetime) -> None:
    """From now on the merchant's cards go back; a second time changes nothing."""
    tx.execute(_BEGIN, {"merchant_id": event.aggregate_id, "reason": event.reason, "begun_at": now})


def return_cards(db: Database, now: datetime, batch: int = BATCH) -> int:
    """Return the cards of merchants that have left; how many."""
    returned = 0
    for _ in range(BATCHES_MAX):
        with db.transaction() as tx:
            cards = locks.cards_to_return(tx, batch)
            _give_back(tx, cards, now)
        returned += len(cards)
        if len(cards) < batch:
            break
        failpoints.hit("settlement.cards.between_batches")
    return returned


def return_remnants(db: Database, now: datetime) -> int:
    """Return what has come onto returned cards since; of how many."""
    with db.reading() as tx:
        card_ids = card_queries.returned_with_remnants(tx, BATCH)
    if card_ids:
        with db.transaction() as tx:
            _give_back(tx, locks.cards_for_update(tx, card_ids), now)
    return len(card_ids)


def _give_back(tx: Tx, cards: Sequence[Row[Any]], now: datetime) -> None:
    if not cards:
        return
    balances = locks.balances_for_update(tx, _account_ids(cards))
    transfers: list[Transfer] = []
    marks: list[dict[str, object]] = []
    events: list[CardReturned] = []
    for row in cards:
        money_fen = balances.get(row.money_account_id, 0)
        gift_fen = balances.get(row.gift_account_id, 0)
        transfers += of_row(row).returned(money_fen, gift_fen)
        marks.append({"card": row.card_id, "at": now, "money": money_fen})
        if money_fen or gift_fen:
            events.append(_told(row, money_fen, gift_fen))
    if transfers:
        ledger.post(tx, transfers, now)
    tx.execute(_MARK, marks)
    outbox.emit(tx, *events)


def _account_ids(cards: Sequence[Row[Any]]) -> set[str]:
    """Every account that is to change, so that all are locked at once and in their order."""
    return {
        account_id
        for row in cards
        for account_id in (
            row.money_account_id,
            row.gift_account_id,
            household_fund(row.household_id).account_id,
        )
    }


def _told(row: Row[Any], money_fen: int, gift_fen: int) -> CardReturned:
    return CardReturned(
        aggregate_id=row.card_id,
        version=row.version + 1,
        merchant_id=row.merchant_id,
        household_id=row.household_id,
        card_name=row.name,
        amount_fen=money_fen,
        gift_fen=gift_fen,
    )
