"""Row locks of prepaid cards: escrow (../locks.py) → cards in id order → accounts in id order."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, select

from services.contracts.cards import CardState
from services.kernel.db import Tx
from services.settlement.tables import AccountRow
from services.settlement.tables_cards import CardReturnRow, CardRow

_CARD = select(CardRow.__table__).where(CardRow.card_id == bindparam("card")).with_for_update()
_CARDS = (
    select(CardRow.__table__)
    .where(CardRow.card_id.in_(bindparam("cards", expanding=True)))
    .order_by(CardRow.card_id)
    .with_for_update()
)
_CARDS_TO_RETURN = (
    select(CardRow.__table__)
    .select_from(CardReturnRow)
    .join(CardRow, CardRow.merchant_id == CardReturnRow.merchant_id)
    .where(CardRow.state == CardState.ACTIVE)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_BALANCES = (
    select(AccountRow.account_id, AccountRow.balance_fen)
    .where(AccountRow.account_id.in_(bindparam("accounts", expanding=True)))
    .order_by(AccountRow.account_id)
    .with_for_update()
)


def card_for_update(tx: Tx, card_id: str) -> Row[Any] | None:
    """The card, or None."""
    return tx.first(_CARD, {"card": card_id})


def cards_for_update(tx: Tx, card_ids: Sequence[str]) -> list[Row[Any]]:
    """These cards, by id."""
    return tx.all(_CARDS, {"cards": list(card_ids)})


def cards_to_return(tx: Tx, most: int) -> list[Row[Any]]:
    """Usable cards of merchants that have left; what somebody else has locked is left out."""
    return tx.all(_CARDS_TO_RETURN, {"most": most})


def balances_for_update(tx: Tx, account_ids: Iterable[str]) -> dict[str, int]:
    """The kept balances of those of these accounts that were ever used, locked in id order."""
    rows = tx.all(_BALANCES, {"accounts": sorted(account_ids)})
    return {row.account_id: int(row.balance_fen or 0) for row in rows}
