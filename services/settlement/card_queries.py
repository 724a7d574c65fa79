"""Reads of prepaid cards: rows in, contract views out."""

from typing import Any

from sqlalchemy import Row, bindparam, case, func, or_, select
from sqlalchemy.orm import aliased

from services.contracts.cards import CardReturnsView, CardState, CardView
from services.kernel.db import Tx
from services.settlement.tables import AccountRow
from services.settlement.tables_cards import CardReturnRow, CardRow

_MONEY, _GIFT = aliased(AccountRow, name="money"), aliased(AccountRow, name="gift")
_CARDS = (
    select(
        CardRow.card_id,
        CardRow.merchant_id,
        CardRow.household_id,
        CardRow.name,
        CardRow.state,
        CardRow.paid_in_fen,
        CardRow.bought_at,
        func.coalesce(_MONEY.balance_fen, 0).label("money_fen"),
        func.coalesce(_GIFT.balance_fen, 0).label("gift_fen"),
    )
    .outerjoin(_MONEY, _MONEY.account_id == CardRow.money_account_id)
    .outerjoin(_GIFT, _GIFT.account_id == CardRow.gift_account_id)
)
_CARD = _CARDS.where(CardRow.card_id == bindparam("card"))
_MERCHANT = select(CardRow.merchant_id).where(CardRow.card_id == bindparam("card"))
_REMNANTS = (
    select(CardRow.card_id)
    .select_from(CardReturnRow)
    .join(CardRow, CardRow.merchant_id == CardReturnRow.merchant_id)
    .join(_MONEY, _MONEY.account_id == CardRow.money_account_id)
    .outerjoin(_GIFT, _GIFT.account_id == CardRow.gift_account_id)
    .where(
        CardRow.state == CardState.RETURNED,
        or_(_MONEY.balance_fen > 0, _GIFT.balance_fen > 0),
    )
    .limit(bindparam("most"))
)


def card_for_spending(tx: Tx, card_id: str) -> Row[Any] | None:
    """The card with merchant_id, household_id, state, money_fen and gift_fen; None: unknown."""
    return tx.first(_CARD, {"card": card_id})


def merchant_of(tx: Tx, card_id: str) -> str | None:
    """Whose goods the card buys; None for an unknown one."""
    merchant_id = tx.scalar(_MERCHANT, {"card": card_id})
    return None if merchant_id is None else str(merchant_id)


def card_view(row: Row[Any]) -> CardView:
    """A card for those who may see it."""
    return CardView.model_validate(dict(row._mapping))


def cards(
    tx: Tx, household_id: str | None, merchant_id: str | None, after: str | None, limit: int
) -> list[CardView]:
    """A household's or a merchant's cards, newest first; ids sort by the time of the order."""
    found = _CARDS.order_by(CardRow.card_id.desc()).limit(limit)
    if household_id is not None:
        found = found.where(CardRow.household_id == household_id)
    if merchant_id is not None:
        found = found.where(CardRow.merchant_id == merchant_id)
    if after is not None:
        found = found.where(CardRow.card_id < after)
    return [card_view(row) for row in tx.all(found)]


def returned_with_remnants(tx: Tx, most: int) -> list[str]:
    """Returned cards of merchants that have left onto which something came back since."""
    return [row.card_id for row in tx.all(_REMNANTS, {"most": most})]


def returns(tx: Tx, merchant_id: str) -> CardReturnsView:
    """How many of the merchant's cards are to go back and have gone; done, also where none is."""
    counted = tx.first(
        select(
            func.count(case((CardRow.state == CardState.ACTIVE, 1))).label("active"),
            func.count(CardRow.returned_at).label("returned"),
            func.coalesce(func.sum(CardRow.returned_fen), 0).label("returned_fen"),
        ).where(CardRow.merchant_id == merchant_id)
    )
    left = tx.scalar(select(CardReturnRow.begun_at).where(CardReturnRow.merchant_id == merchant_id))
    active, returned, returned_fen = counted or (0, 0, 0)
    return CardReturnsView(
        merchant_id=merchant_id,
        cards=int(active) + int(returned),
        returned=int(returned),
        returned_fen=int(returned_fen),
        done=left is not None and not active,
    )
